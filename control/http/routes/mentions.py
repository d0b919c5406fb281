"""Mentions: posts that concern the tenant's sources, and how far people are with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from control import mentions
from control.http.access import Caller, From, The, needs
from control.http.paging import Cursor, Limit, Paged, followed_by, key_of
from control.http.problems import Kind, Problem
from control.http.shapes.filters import Handle, Language, SourceId, Status
from control.http.spans import Since, Until
from shared.domain.access import Scope
from shared.domain.errors import InputError
from shared.domain.mentions import MentionStatus

router = APIRouter(prefix="/v1", tags=["mentions"])
GREATEST_BULK = 500
MentionId = Annotated[str, Path(max_length=200, description="The id of a mention: tenant:platform:external id.")]


class Mention(BaseModel):
    """A post in the normalized form; null: the platform does not tell it, or the post is gone and this was purged."""

    id: str
    platform: str
    external_id: str
    source_id: str | None
    sources: list[str]
    url: str | None
    content: str | None
    author_id: str | None
    author_name: str | None
    author_handle: str | None
    author_followers: int | None
    author_verified: bool | None
    published_at: datetime
    likes_count: int | None
    comments_count: int | None
    shares_count: int | None
    media_type: str | None
    media_urls: list[str]
    location: str | None
    language: str | None
    status: MentionStatus
    created_at: datetime
    updated_at: datetime


class MentionPage(Paged[Mention]):
    """A page. searched_to: it ended because so far back was looked, with fewer rows than asked for; go on with
    next_cursor. null: everything down to its last row was looked at.
    """

    searched_to: datetime | None


class Change(BaseModel):
    """How far people are with a mention."""

    model_config = {"extra": "forbid"}

    status: MentionStatus


class Changes(Change):
    """How far people are with several mentions."""

    ids: list[Annotated[str, Field(max_length=200)]] = Field(min_length=1, max_length=GREATEST_BULK)


class Changed(BaseModel):
    """What became of one: before and status are null where there is no such mention."""

    id: str
    before: MentionStatus | None
    status: MentionStatus | None


@router.get("/mentions", **needs(Scope.READ))
def list_mentions(
    request: Request,
    response: Response,
    services: The,
    caller: Caller,
    source: SourceId = None,
    status: Status = None,
    language: Language = None,
    author: Handle = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> MentionPage:
    """What concerns the tenant's sources, the newest first. All filters that are given have to fit."""
    stores = services.stores
    what = mentions.wanted(
        stores,
        caller.tenant,
        source=source,
        status=status,
        language=language,
        author=author,
        since=since,
        until=until,
    )
    found = mentions.page(stores, what, start=key_of(cursor), limit=limit)
    return MentionPage(
        data=[Mention(**one) for one in found.rows],
        next_cursor=followed_by(request, response, found.after),
        searched_to=found.searched_to,
    )


@router.get("/mentions/{mention_id}", **needs(Scope.READ, 404))
def get(services: The, caller: Caller, mention_id: MentionId) -> Mention:
    """One mention."""
    with _found():
        return Mention(**mentions.one(services.stores, caller.tenant, mention_id))


@router.patch("/mentions/{mention_id}", **needs(Scope.TRACK, 400, 404))
def set_status(services: The, caller: Caller, origin: From, mention_id: MentionId, change: Change) -> Mention:
    """Say how far people are with a mention."""
    with _found():
        mentions.one(services.stores, caller.tenant, mention_id)
        mentions.set_status(services, origin, mention_id, change.status)
        return Mention(**mentions.one(services.stores, caller.tenant, mention_id))


@router.post("/mentions/status", **needs(Scope.TRACK, 400))
def set_statuses(services: The, origin: From, changes: Changes) -> list[Changed]:
    """Say how far people are with up to 500 mentions, in one entry of the audit trail. An id that is none changes
    nothing and stops nothing.
    """
    found = mentions.set_statuses(services, origin, changes.ids, changes.status)
    return [Changed(**one) for one in found]


@contextmanager
def _found() -> Iterator[None]:
    """What is not there is 404."""
    try:
        yield
    except InputError as error:
        raise Problem(Kind.NOT_FOUND, str(error)) from None
