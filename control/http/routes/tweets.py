"""Posts that were collected for the tenant."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from control import posts
from control.http.access import Caller, The, needs
from control.http.paging import Cursor, Limit, Paged, followed_by, key_of
from control.http.problems import Kind, Problem
from control.http.shapes.posts import Branch, File, Post, PostRow, Preview, Thread
from shared.domain.access import Actor, Scope
from shared.services.bootstrap import Services

router = APIRouter(prefix="/v1", tags=["tweets"])
PostId = Annotated[str, Path(pattern=r"^[0-9]{1,20}$", description="The id of a post, as text.")]


@router.get("/tweets/{post_id}", **needs(Scope.READ, 404))
def get(services: The, caller: Caller, post_id: PostId) -> Post:
    """A post with its counts, every reading of them, an estimate by now, its files, its state, and when it is read
    next.
    """
    return Post(**posts.shown(services, caller.tenant, own(services, caller, post_id)))


@router.get("/tweets/{post_id}/refresh", **needs(Scope.READ, 404))
def refresh_preview(services: The, caller: Caller, post_id: PostId) -> Preview:
    """When and why a post is read next, what that costs, and what it costs to read it now."""
    return Preview(**posts.preview(services, own(services, caller, post_id)))


@router.get("/tweets/{post_id}/thread", **needs(Scope.READ, 404))
def thread(
    services: The,
    caller: Caller,
    post_id: PostId,
    limit: Annotated[int, Query(ge=1, le=10_000, description="Posts, at most.")] = 1_000,
) -> Thread:
    """The conversation around a post, as a tree: each post, then what replies to it, the oldest first."""
    found, is_cut = posts.thread(services.stores, caller.tenant, own(services, caller, post_id), limit=limit)
    return Thread(data=[Branch(**one) for one in found], is_cut=is_cut)


@router.get("/tweets/{post_id}/quotes", **needs(Scope.READ, 404))
def quotes(
    request: Request,
    response: Response,
    services: The,
    caller: Caller,
    post_id: PostId,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Paged[PostRow]:
    """The quotes of a post, the newest first. A page may have fewer rows than asked for and not be the last."""
    found, last = posts.quotes(
        services.stores, caller.tenant, own(services, caller, post_id), start=key_of(cursor), limit=limit
    )
    return Paged[PostRow](data=[PostRow(**one) for one in found], next_cursor=followed_by(request, response, last))


@router.get("/tweets/{post_id}/media", **needs(Scope.READ, 404))
def media(services: The, caller: Caller, post_id: PostId) -> list[File]:
    """The photos, videos and gifs of a post, and what became of their files."""
    return [File(**one) for one in posts.media(services.stores, own(services, caller, post_id))]


def own(services: Services, caller: Actor, post_id: str) -> int:
    """The id of a post of the caller's tenant. Raises Problem for every other one."""
    number = int(post_id)
    if not posts.is_of(services.stores, caller.tenant, number):
        raise Problem(Kind.NOT_FOUND, f"there is no post {number}")
    return number
