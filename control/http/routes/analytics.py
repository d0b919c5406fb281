"""Figures over the tenant's mentions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from control import analytics
from control.analytics import By
from control.http.access import Caller, The, needs
from control.http.spans import Since, Until
from shared.domain.access import Scope

router = APIRouter(prefix="/v1", tags=["analytics"])
Most = Annotated[int, Query(ge=1, le=50, description="The most frequent, so many.")]
SourceIds = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=50)]
Named = Annotated[SourceIds | None, Query(description="Only these sources.")]


class Between(BaseModel):
    """What it is over: from `since` on, before `until`; a week until now where nothing was said, at most 92 days."""

    since: datetime
    until: datetime


class Day(BaseModel):
    """A UTC day; of the first and the last what lies in the span."""

    day: date
    mentions: int


class Line(BaseModel):
    """A language or a source; null: mentions without one."""

    value: str | None
    mentions: int
    days: list[Day]


class Volume(Between):
    """mentions, days: of all, each once. series: by what was asked for; a mention counts for each of its sources.
    is_cut: there are more values than these.
    """

    mentions: int
    days: list[Day]
    by: By | None
    series: list[Line]
    is_cut: bool


class Author(BaseModel):
    """handle: null where it is not known, or no longer. acts: likes, replies and reposts when last read."""

    author_id: str
    handle: str | None
    mentions: int
    acts: int


class Authors(Between):
    """Who has most mentions, the first first. is_cut: there are more authors than these."""

    authors: list[Author]
    is_cut: bool


class Share(BaseModel):
    """A source. share, acts_share: its part (0..1) of the sum of all sources here."""

    source: str
    mentions: int
    share: float
    acts: int
    acts_share: float


class Shares(Between):
    """The source with most mentions first. A mention that concerns several counts for each."""

    sources: list[Share]


@router.get("/analytics/volume", **needs(Scope.READ))
def volume(
    services: The,
    caller: Caller,
    by: Annotated[By | None, Query(description="Also by language or source.")] = None,
    since: Since = None,
    until: Until = None,
    most: Most = 10,
) -> Volume:
    """How many mentions there are by day, and of what."""
    span = analytics.span_of(services, caller.tenant, since=since, until=until)
    return Volume(**analytics.volume(services, span, by=by, most=most))


@router.get("/analytics/authors", **needs(Scope.READ))
def authors(services: The, caller: Caller, since: Since = None, until: Until = None, most: Most = 10) -> Authors:
    """Who wrote most of the mentions."""
    span = analytics.span_of(services, caller.tenant, since=since, until=until)
    return Authors(**analytics.authors(services, span, most=most))


@router.get("/analytics/share", **needs(Scope.READ))
def share(services: The, caller: Caller, source: Named = None, since: Since = None, until: Until = None) -> Shares:
    """Share of voice: which part of the mentions each source has, of all of the tenant or of those that are named."""
    span = analytics.span_of(services, caller.tenant, since=since, until=until)
    return Shares(**analytics.share(services, span, sources=source or ()))
