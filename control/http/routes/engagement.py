"""How the engagement of the tenant's posts is followed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from control import engagement, stats
from control.http.access import Caller, The, needs
from control.http.paging import GREATEST_LIMIT
from control.http.shapes.filters import SourceId
from shared.domain.access import Scope

router = APIRouter(prefix="/v1", tags=["engagement"])


class Due(BaseModel):
    """A post that is to be read again. velocity: acts of people an hour. usd: what reading it costs."""

    id: str
    created_at: datetime
    state: str
    tier: str
    velocity: float
    acts: int
    read_at: datetime | None
    next_reading_at: datetime | None
    overdue_seconds: float
    usd: float


class DueList(BaseModel):
    """The most urgent first."""

    data: list[Due]


class Tier(BaseModel):
    """The posts of a tier; null: of all. lag_seconds: how long the oldest one that is due waits. stale_ratio: the part
    of it whose last reading is older than the interval of its tier.
    """

    tier: str | None
    followed: int
    due: int
    overdue: int
    lag_seconds: float
    stale_ratio: float


class Followed(BaseModel):
    """Posts by tier, as counted at a time. unpaid: readings until midnight (UTC) that cost money."""

    counted_at: datetime
    age_seconds: float
    unpaid: int
    tiers: list[Tier]


class Reads(BaseModel):
    """What reading again led to on a UTC day. A post that concerns several sources counts for each. source: null is
    all of the installation, each post once. ids_a_call: null: no call yet. free: of posts that were paid for that day.
    """

    day: date
    source: str | None
    calls: int
    ids: int
    ids_a_call: float | None
    read: int
    bought: int
    free: int
    saved_usd: float
    usd: float


class Stats(BaseModel):
    """followed, reads_in_all: of the whole installation; null without the scope operate. is_cut: there is more."""

    reads: list[Reads]
    is_cut: bool
    reads_in_all: list[Reads] | None
    followed: Followed | None


@router.get("/engagement", **needs(Scope.READ))
def due(
    services: The,
    caller: Caller,
    later: Annotated[bool, Query(description="Also those that are not due yet, after those that are.")] = False,
    limit: Annotated[int, Query(ge=1, le=GREATEST_LIMIT, description="Posts, at most.")] = 50,
) -> DueList:
    """Which posts of the tenant are read again next, the most urgent first. Where others have much that is due, fewer
    than there are may be told: 20,000 posts are looked through.
    """
    return DueList(data=[Due(**one) for one in engagement.due(services, caller.tenant, limit=limit, later=later)])


@router.get("/engagement/stats", **needs(Scope.READ))
def statistics(
    services: The,
    caller: Caller,
    days: Annotated[int, Query(ge=1, le=31, description="UTC days, today's included.")] = 7,
    source: SourceId = None,
) -> Stats:
    """What reading again led to by day and source; with the scope `operate` also of the whole installation, and how
    many posts are followed, due and late.
    """
    rows, is_cut = engagement.read_by_day(services, caller.tenant, days=days, source=source)
    may = caller.may(Scope.OPERATE)
    return Stats(
        reads=[Reads(**one) for one in rows],
        is_cut=is_cut,
        reads_in_all=[Reads(**one) for one in engagement.read_in_all(services, days=days)] if may else None,
        followed=Followed(**stats.followed(services)) if may else None,
    )
