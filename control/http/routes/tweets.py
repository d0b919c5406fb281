"""Posts that were collected for the tenant."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from control import mentions, posts, search
from control.http.access import Caller, The, needs
from control.http.paging import Cursor, Limit, Paged, followed_by, key_of
from control.http.problems import Kind, Problem
from control.http.shapes.filters import Handle, Language, SourceId, Status
from control.http.shapes.posts import Branch, Facets, File, Hit, Hits, Post, PostRow, Preview, Thread
from control.http.spans import Since, Until
from shared.domain.access import Actor, Scope
from shared.domain.models import PostState
from shared.services.bootstrap import Services

router = APIRouter(prefix="/v1", tags=["tweets"])
State = Literal["alive", "withheld", "deleted", "suspended", "protected"]
PostId = Annotated[str, Path(pattern=r"^[0-9]{1,20}$", description="The id of a post, as text.")]


@router.get("/tweets", **needs(Scope.READ))
def find(
    request: Request,
    response: Response,
    services: The,
    caller: Caller,
    text: Annotated[
        str | None, Query(max_length=200, description="Words; each is somewhere in the text, in any case.")
    ] = None,
    source: SourceId = None,
    account: Handle = None,
    language: Language = None,
    state: Annotated[State | None, Query(description="Only those that X shows, or no longer shows.")] = None,
    status: Status = None,
    since: Since = None,
    until: Until = None,
    facets: Annotated[
        bool, Query(description="Tell also how many have each language, source, author, status.")
    ] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Hits:
    """Search what is stored for the tenant, the newest first. All filters that are given have to fit; a page looks at
    10,000 posts at most.
    """
    stores = services.stores
    what = mentions.wanted(
        stores,
        caller.tenant,
        source=source,
        author=account,
        language=language,
        text=text,
        state=None if state is None else PostState(state),
        status=status,
        since=since,
        until=until,
    )
    found = search.search(stores, what, start=key_of(cursor), limit=limit)
    return Hits(
        data=[Hit(**one) for one in found.rows],
        next_cursor=followed_by(request, response, found.after),
        searched_to=found.searched_to,
        facets=Facets(**search.facets(stores, what)) if facets else None,
    )


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
