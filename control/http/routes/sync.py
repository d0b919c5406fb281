"""Reading at once what the tenant listens to, and how it is read otherwise."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from control import mock_data, run_rows, syncing, tenant_sources
from control.http.access import Caller, From, The, needs
from control.http.problems import Kind, Problem
from control.http.routes.refreshing import begins
from control.http.shapes.runs import Run, accepted, priced
from control.waiting import WaitsFor
from shared.domain.access import Scope
from shared.domain.sources import Source

router = APIRouter(prefix="/v1", tags=["sync"])
Id = Annotated[str, Path(max_length=64, description="The id of a source.")]
DryRun = Annotated[bool, Query(description="Say what it would cost, and do nothing.")]


class SyncPrice(BaseModel):
    """What reading now would take, about. left: of each budget in dollars, null: no limit."""

    dry_run: bool = True
    streams: int
    posts_about: int
    estimated_usd: float
    left: dict[str, float | None]
    fits: bool


class SearchWindow(BaseModel):
    """A window of X for searches; null where X has not told it."""

    limit: int | None
    remaining: int | None
    reset_in_seconds: float | None


class SyncTotals(BaseModel):
    """posts: stored for the source; is_capped: there are more. searches: by how many queries it is read."""

    posts: int
    is_capped: bool
    searches: int


class SyncStanding(BaseModel):
    """How a source is read. running_since: it is being read now. run: of a request to read it at once. last_sync_at:
    when a reading last ended, within a fortnight.
    """

    source: str
    paused: bool
    running_since: datetime | None
    run: str | None
    waiting_for: WaitsFor | None
    last_sync_at: datetime | None
    next_due_at: datetime | None
    covered_through: datetime | None
    windows: list[SearchWindow]
    totals: SyncTotals


class SchedulerStanding(BaseModel):
    """leads: somebody plans what is read. searches: of the tenant; late_seconds: of the one that is due the longest."""

    leads: bool
    standing_by: int
    beat_at: datetime | None
    searches: int
    next_due_at: datetime | None
    late_seconds: float


class Platform(BaseModel):
    """What can be listened to. status: ready or waiting. capabilities: by endpoint; null where nobody knows."""

    id: str
    name: str
    status: str
    waiting_for: WaitsFor | None
    capabilities: dict[str, bool | None]


class Stored(BaseModel):
    """Ids of posts that were stored."""

    ids: list[str]


@router.post("/sync/sources/{source_id}", response_model=Run, **begins(404, 409, price=SyncPrice))
def sync_source(
    response: Response, services: The, caller: Caller, origin: From, source_id: Id, dry_run: DryRun = False
) -> Run | Response:
    """Read a source now. One that is being read at once already is refused, with that run's id as `run_id`."""
    source = tenant_sources.get(services, caller.tenant, source_id)
    return _begin(response, services, origin, [source], source.id, dry_run=dry_run)


@router.post("/sync/tenant", response_model=Run, **begins(409, price=SyncPrice))
def sync_tenant(
    response: Response, services: The, caller: Caller, origin: From, dry_run: DryRun = False
) -> Run | Response:
    """Read all sources of the tenant now."""
    sources = services.stores.sources.of_tenant(caller.tenant)
    return _begin(response, services, origin, sources, syncing.ALL, dry_run=dry_run)


def _begin(
    response: Response, services: The, origin: From, sources: list[Source], what: str, *, dry_run: bool
) -> Run | Response:
    if dry_run:
        return priced(SyncPrice(**syncing.price(services, sources)))
    try:
        run_id = syncing.begin(services, origin, sources, what)
    except syncing.UnderWay as error:
        raise Problem(Kind.CONFLICT, str(error), run_id=error.run_id) from None
    return accepted(response, run_rows.row(services, origin.actor.tenant, run_id))


@router.get("/sync/sources/{source_id}", **needs(Scope.READ, 404))
def sync_standing(services: The, caller: Caller, source_id: Id) -> SyncStanding:
    """How a source is read: since when now, when last, when next; X's limits and when they reset; what it brought."""
    return SyncStanding(**syncing.standing(services, tenant_sources.get(services, caller.tenant, source_id)))


@router.get("/sync/scheduler", **needs(Scope.READ))
def sync_scheduler(services: The, caller: Caller) -> SchedulerStanding:
    """Whether somebody plans what is read, and when the tenant's searches are due."""
    return SchedulerStanding(**syncing.scheduler(services, services.stores.sources.of_tenant(caller.tenant)))


@router.get("/sync/platforms", **needs(Scope.READ))
def sync_platforms(services: The) -> list[Platform]:
    """What can be listened to, and what the plan has of it."""
    return [Platform(**one) for one in syncing.platforms(services)]


@router.post("/sync/mock-data", **needs(Scope.TRACK, 400))
def sync_mock_data(services: The, origin: From) -> Stored:
    """Store a few made-up posts, which say so, for the tenant. Refused unless COVEY_DEVELOPMENT is true."""
    if not services.settings.development:
        raise Problem(Kind.FORBIDDEN, "made-up posts are for development: COVEY_DEVELOPMENT=true allows them")
    return Stored(ids=mock_data.store(services, origin))
