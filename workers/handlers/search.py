"""`search_page`: one page of one sweep of one stream."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from shared import metrics, snowflake
from shared.bootstrap import Services
from shared.clock import from_epoch_seconds
from shared.coverage.streams import Gap
from shared.coverage.sweeps import Sweep, SweepKind, SweepStatus, after_page
from shared.errors import StaleSinceId
from shared.jobs import Queue, SearchPage
from shared.log import get_logger
from shared.models import Page, WorkClass
from workers.handlers.intake import store_page

log = get_logger(__name__)


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


def _read(services: Services, sweep: Sweep) -> Sweep:
    """Read and store the sweep's present page; answers the sweep as it stands afterwards."""
    try:
        page = _ask(services, sweep)
    except StaleSinceId as error:
        return _read(services, _start_later(services, sweep, error))
    now = services.clock.now()
    stored = store_page(services, page, source=SweepKind.SEARCH.value, now=now)
    asked_at = from_epoch_seconds(page.rate.date_seconds) if page.rate.date_seconds else now
    through_at = asked_at - timedelta(seconds=services.settings.x_search_lag_seconds)
    after = after_page(sweep, page, new_posts=len(stored.new_ids), through_at=through_at)
    if after.is_complete:
        _close(services, after)
    if not services.stores.sweeps.advance(sweep, after, now=now):
        return services.stores.sweeps.get(sweep.id) or after
    return after


def _ask(services: Services, sweep: Sweep) -> Page:
    return services.x.search_recent(
        work_class=WorkClass.BACKFILL if sweep.queue == Queue.BACKFILL else WorkClass.SEARCH,
        query=sweep.query or "",
        since_id=sweep.since_id,
        until_id=sweep.until_id,
        next_token=sweep.next_token,
    )


def _start_later(services: Services, sweep: Sweep, error: StaleSinceId) -> Sweep:
    """The sweep from as far back as X can still search; what lies before is recorded as a gap.

    Raises the error again when X proposes nothing younger, so that this cannot go on for ever.
    """
    if error.oldest_since_id <= sweep.since_id:
        raise error
    gap = Gap(snowflake.created_at(sweep.since_id), snowflake.created_at(error.oldest_since_id), "beyond_search_window")
    if services.stores.streams.record_gap(sweep.subject, gap):
        metrics.GAPS.labels(gap.reason).inc()
        log.warning("gap recorded", stream=sweep.subject, from_at=str(gap.from_at), to_at=str(gap.to_at))
    later = replace(sweep, since_id=error.oldest_since_id)
    services.stores.sweeps.advance(sweep, later, now=services.clock.now())
    return later


def _close(services: Services, sweep: Sweep) -> None:
    """Everything down to the cursor is stored: move the stream's coverage, record what paging withheld."""
    if sweep.stuck and sweep.oldest_id is not None:
        gap = Gap(snowflake.created_at(sweep.since_id), snowflake.created_at(sweep.oldest_id), "paging_stuck")
        if services.stores.streams.record_gap(sweep.subject, gap):
            metrics.GAPS.labels(gap.reason).inc()
    through_at = sweep.through_at or sweep.started_at
    services.stores.streams.sweep_completed(
        sweep.subject, sweep_id=sweep.id, newest_id=sweep.newest_id, through_at=through_at
    )
    metrics.SWEEPS.labels(sweep.kind.value, sweep.status.value).inc()
