"""`search_page`: one page of one sweep of one stream."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain import snowflake
from shared.domain.coverage.streams import Gap
from shared.domain.coverage.sweeps import Sweep, SweepKind, SweepStatus, after_page
from shared.domain.errors import StaleSinceId
from shared.domain.jobs import Queue, SearchPage
from shared.domain.models import Page, WorkClass
from shared.runtime import metrics
from shared.runtime.clock import from_epoch_seconds
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services
from workers.handlers.authors import want_authors
from workers.handlers.intake import store_page
from workers.handlers.short_pages import fell_short

log = get_logger(__name__)

# X proposes an id that it takes. Should that be too old by the time it arrives, the next ones are this much younger.
MAX_HEALS = 3
HEAL_STEP = timedelta(minutes=1)


def search_page(services: Services, job: SearchPage) -> None:
    """Read the page, store it, move the sweep on, and send for the next page or close the sweep.

    A page that was passed already is not bought again: only its successor is sent for again.
    """
    sweep = services.stores.sweeps.get(job.sweep_id)
    if sweep is None or sweep.status is not SweepStatus.OPEN:
        return
    if sweep.page == job.page:
        sweep = _read(services, sweep)
    if sweep.status is SweepStatus.OPEN:
        services.sender.send(SearchPage(sweep_id=sweep.id, page=sweep.page), queue=sweep.queue)


def _read(services: Services, sweep: Sweep, heals: int = 0) -> Sweep:
    """Read and store the sweep's present page; answers the sweep as it stands afterwards."""
    before = services.clock.now()
    try:
        page = _ask(services, sweep)
    except StaleSinceId as error:
        if heals == MAX_HEALS:
            raise
        later = _start_later(services, sweep, error, ahead=HEAL_STEP * heals)
        return _read(services, later, heals + 1) if later.status is SweepStatus.OPEN else later
    now = services.clock.now()
    stored = store_page(services, page, source=SweepKind.SEARCH.value, now=now)
    want_authors(services, page, now=now)
    is_short = fell_short(services, sweep, page)
    through_at = _asked_at(page, before, now) - timedelta(seconds=services.settings.x_search_lag_seconds)
    after = after_page(sweep, page, new_posts=len(stored.new_ids), through_at=through_at)
    if is_short:
        after = _pass_over(services, sweep, after)
    return _move(services, sweep, after, now)


def _asked_at(page: Page, before: datetime, after: datetime) -> datetime:
    """When X was asked, by its clock: what was posted while it answered may not be in the page."""
    answered_at = from_epoch_seconds(page.rate.date_seconds) if page.rate.date_seconds else after
    return answered_at - (after - before)


def _move(services: Services, before: Sweep, after: Sweep, now: datetime) -> Sweep:
    """Put `after` in the place of `before`; answers the sweep as it stands, whoever moved it."""
    if after.is_complete:
        _close(services, after)
    if not services.stores.sweeps.advance(before, after, now=now):
        return services.stores.sweeps.get(before.id) or after
    return after


def _ask(services: Services, sweep: Sweep) -> Page:
    return services.x.search_recent(
        work_class=WorkClass.BACKFILL if sweep.queue == Queue.BACKFILL else WorkClass.SEARCH,
        query=sweep.query or "",
        since_id=sweep.since_id,
        until_id=sweep.until_id,
        next_token=sweep.next_token,
        expand_authors=None,
    )


def _start_later(services: Services, sweep: Sweep, error: StaleSinceId, *, ahead: timedelta) -> Sweep:
    """The sweep from as far back as X can still search, `ahead` of what X proposes; what lies before is a gap.

    Past the first page X's token belongs to the old request: what is left is asked for below the oldest post seen, and
    where that lies before the new begin nothing is left. Raises the error when X proposes nothing younger.
    """
    oldest_at = snowflake.created_at(error.oldest_since_id) + ahead
    since_id = max(error.oldest_since_id, snowflake.first_id_at(oldest_at))
    if since_id <= sweep.since_id:
        raise error
    _record_gap(services, sweep, to_at=oldest_at, reason="beyond_search_window")
    later = replace(sweep, since_id=since_id, next_token=None)
    if sweep.oldest_id is not None:
        is_read = sweep.oldest_id <= since_id + 1
        later = replace(later, until_id=sweep.oldest_id, status=SweepStatus.COMPLETE if is_read else sweep.status)
    return _move(services, sweep, later, services.clock.now())


def _pass_over(services: Services, before: Sweep, after: Sweep) -> Sweep:
    """Go on without what X withholds of a page: from the last page's end down to the oldest post of this one is a gap.

    What is asked for next lies right below that post, wherever X's token would lead; after the last page, or one with
    nothing older, the gap reaches down to the sweep's begin.
    """
    to_at = after.through_at or before.started_at
    if before.oldest_id is not None:
        to_at = snowflake.created_at(before.oldest_id)
    if after.status is SweepStatus.OPEN and after.oldest_id is not None and after.oldest_id != before.oldest_id:
        from_at = snowflake.created_at(after.oldest_id)
        _record_gap(services, before, from_at=from_at, to_at=to_at, reason="posts_withheld")
        return replace(after, next_token=None, until_id=after.oldest_id)
    _record_gap(services, before, to_at=to_at, reason="posts_withheld")
    return after


def _record_gap(
    services: Services, sweep: Sweep, *, to_at: datetime, reason: str, from_at: datetime | None = None
) -> None:
    """Note that the sweep could not read from `from_at` (where it begins, by default) up to `to_at`.

    What the stream had covered before is no gap.
    """
    stream = services.stores.streams.get(sweep.subject)
    from_at = from_at or snowflake.created_at(sweep.since_id)
    gap = Gap(max(from_at, stream.covered_through) if stream else from_at, to_at, reason)
    if gap.from_at < gap.to_at and services.stores.streams.record_gap(sweep.subject, gap):
        metrics.GAPS.labels(reason).inc()
        log.warning("gap recorded", stream=sweep.subject, reason=reason, from_at=str(gap.from_at), to_at=str(to_at))


def _close(services: Services, sweep: Sweep) -> None:
    """Everything down to the cursor is stored: move the stream's coverage, record what paging withheld."""
    through_at = sweep.through_at or sweep.started_at
    if sweep.stuck:
        to_at = through_at if sweep.oldest_id is None else snowflake.created_at(sweep.oldest_id)
        _record_gap(services, sweep, to_at=to_at, reason="paging_stuck")
    services.stores.streams.sweep_completed(
        sweep.subject, sweep_id=sweep.id, newest_id=sweep.newest_id, through_at=through_at
    )
    metrics.SWEEPS.labels(sweep.kind.value, sweep.status.value).inc()
