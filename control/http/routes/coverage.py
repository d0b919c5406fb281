"""Coverage: what was read for the tenant, what is missing, and having it read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime

from control import run_rows, tenant_coverage, tenant_sources
from control.http.access import Caller, From, The, needs
from control.http.paging import Cursor, Limit, Paged, key_of, paged
from control.http.routes.refreshing import begins
from control.http.shapes.coverage import BackfillPrice, BackfillWish, CoverageRow, GapRow
from control.http.shapes.runs import Run, accepted, priced
from shared.domain.access import Scope

router = APIRouter(prefix="/v1", tags=["coverage"])

_FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)  # members are in the order of their names alone
Hours = Annotated[float, Query(gt=0, le=92 * 24, description="How long the window is.")]
Until = Annotated[AwareDatetime | None, Query(description="When the window ends; none: now.")]
Id = Annotated[str, Path(max_length=64, description="The id of a source.")]


@router.get("/coverage", **needs(Scope.READ))
def list_coverage(
    request: Request,
    response: Response,
    services: The,
    caller: Caller,
    hours: Hours = 24,
    until: Until = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Paged[CoverageRow]:
    """How each account and each source of words is covered, and what is missing of it."""
    return _page(request, response, services, caller, None, timedelta(hours=hours), until, limit, cursor)


@router.get("/coverage/{source_id}", **needs(Scope.READ, 404))
def source_coverage(
    request: Request,
    response: Response,
    services: The,
    caller: Caller,
    source_id: Id,
    hours: Hours = 24,
    until: Until = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Paged[CoverageRow]:
    """The same of one source: a row, or one for each of its accounts."""
    source = tenant_sources.get(services, caller.tenant, source_id)
    return _page(request, response, services, caller, source.id, timedelta(hours=hours), until, limit, cursor)


def _page(
    request: Request,
    response: Response,
    services: The,
    caller: Caller,
    source: str | None,
    window: timedelta,
    until: datetime | None,
    limit: int,
    cursor: str | None,
) -> Paged[CoverageRow]:
    start = key_of(cursor)
    after = start and start[1]
    found = tenant_coverage.rows(
        services, caller.tenant, source=source, window=window, until=until, after=after, limit=limit + 1
    )
    rows = [CoverageRow(**one) for one in found]
    return Paged[CoverageRow](**paged(request, response, rows, limit, lambda one: (_FIRST, one.member)))


@router.get("/gaps", **needs(Scope.READ))
def list_gaps(
    request: Request, response: Response, services: The, caller: Caller, limit: Limit = 50, cursor: Cursor = None
) -> Paged[GapRow]:
    """What is missing, the newest first: why, whether it can be filled, and for about how much."""
    found = tenant_coverage.gaps(services, caller.tenant, start=key_of(cursor), limit=limit + 1)
    return Paged[GapRow](**paged(request, response, found, limit, lambda one: (one["from_at"], one["id"])))


@router.post("/backfill", response_model=Run, **begins(price=BackfillPrice))
def backfill(
    response: Response,
    services: The,
    caller: Caller,
    origin: From,
    wish: BackfillWish,
    dry_run: Annotated[bool, Query(description="Say what it would cost, and do nothing.")] = False,
) -> Run | Response:
    """Read what accounts and sources had in a span of time, where it was not read. Filled beside what is new."""
    planned = tenant_coverage.plan(services, caller.tenant, wish.subjects, wish.begin, wish.end)
    if dry_run:
        return priced(BackfillPrice(**tenant_coverage.price(services, planned)))
    run_id = tenant_coverage.begin(services, origin, planned, wish.subjects)
    return accepted(response, run_rows.row(services, caller.tenant, run_id))
