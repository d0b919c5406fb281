"""`search_page`: one page of one search: of what is new in a stream, of a span that is read again, or of a gap."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain.attribution import Audience
from shared.domain.coverage import gaps
from shared.domain.coverage.sweeps import ReadBy, Sweep, SweepKind, SweepStatus, after_page
from shared.domain.errors import Forbidden, StaleSinceId
from shared.domain.jobs import Queue, SearchPage
from shared.domain.models import Page, WorkClass
from shared.runtime import metrics
from shared.services import coverage
from shared.services.attributing import audience_of
from shared.services.authors import want_authors
from shared.services.bootstrap import Services
from shared.services.intake import answered_at
from shared.services.own_credential import x_as
from shared.services.storing import store_page
from shared.spending.attribution import charged_to
from workers.handlers.own_timelines import read_own_first
from workers.handlers.resting import is_over, most_posts, rest, share_of
from workers.handlers.runs import paid_by
from workers.handlers.short_pages import fell_short

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
        with charged_to(sweep.share_of):
            sweep = _read(services, sweep)
    if sweep.status is SweepStatus.OPEN:
        services.sender.send(SearchPage(sweep_id=sweep.id, page=sweep.page), queue=sweep.queue)


def _read(services: Services, sweep: Sweep, heals: int = 0) -> Sweep:
    """Read and store the sweep's present page; answers the sweep as it stands afterwards."""
    share = share_of(services, sweep)
    if is_over(sweep, share):
        return rest(services, sweep)
    # Own timelines are read as a whole: a share, which is looked up before each page, could not stop them.
    is_own_first = not heals and sweep.share_of is None
    read_before = read_own_first(services, sweep, _class_of(sweep)) if is_own_first else 0
    audience, before = audience_of(services, sweep), services.clock.now()
    try:
        with paid_by(services, sweep.run_id):
            most = most_posts(services, sweep, share, with_authors=not audience.knows_accounts)
            page = _ask(services, sweep, audience, most)
    except StaleSinceId as error:
        if heals == MAX_HEALS:
            raise
        later = _start_later(services, sweep, error, ahead=HEAL_STEP * heals)
        return _read(services, later, heals + 1) if later.status is SweepStatus.OPEN else later
    except Forbidden:
        if sweep.route is not ReadBy.ALL or services.has_archive:
            raise
        return _give_up(services, sweep)
    now = services.clock.now()
    stored = store_page(services, page, source=SweepKind.SEARCH.value, now=now, audience=audience)
    want_authors(services, page, now=now, run_id=sweep.run_id)
    is_short = fell_short(services, sweep, page)
    through_at = _asked_at(page, before, now) - timedelta(seconds=services.settings.x_search_lag_seconds)
    after = after_page(sweep, page, new_ids=stored.new_ids, through_at=through_at)
    after = replace(after, posts_new=after.posts_new + read_before)
    return _move(services, sweep, _cut_short(services, sweep, after, now, is_short=is_short), now)


def _give_up(services: Services, sweep: Sweep) -> Sweep:
    """End a sweep of an archive that the plan turned out to lack: its gap is open again, for another route or none."""
    settles = timedelta(seconds=services.settings.reread_after_seconds)
    if coverage.abandon(services.stores, sweep, now=services.clock.now(), settles=settles):
        metrics.SWEEPS.labels(sweep.kind.value, SweepStatus.ABANDONED.value).inc()
    return services.stores.sweeps.get(sweep.id) or sweep


def _cut_short(services: Services, before: Sweep, after: Sweep, now: datetime, *, is_short: bool) -> Sweep:
    """The sweep without what X withholds of its page, and without what is too much for it; both are noted as gaps."""
    if is_short:
        after, unread = gaps.pass_over(before, after)
        coverage.could_not_read(services.stores, before, unread, now=now)
        if before.kind is SweepKind.REREAD:  # nothing is missing that was there, but it is not verified either
            after = replace(after, stuck=True)
    if before.kind is SweepKind.SEARCH and (handed := gaps.hand_over(after)) is not None:
        after, rest = handed
        coverage.could_not_read(services.stores, before, rest, now=now)
    return after


def _asked_at(page: Page, before: datetime, after: datetime) -> datetime:
    """When X was asked, by its clock: what was posted while it answered may not be in the page."""
    return answered_at(page.rate, after) - (after - before)


def _move(services: Services, before: Sweep, after: Sweep, now: datetime) -> Sweep:
    """Put `after` in the place of `before`; answers the sweep as it stands, whoever moved it."""
    if after.is_complete:
        settles = timedelta(seconds=services.settings.reread_after_seconds)
        coverage.close(services.stores, after, now=now, settles=settles)
    if not services.stores.sweeps.advance(before, after, now=now):
        return services.stores.sweeps.get(before.id) or after
    return after


def _ask(services: Services, sweep: Sweep, audience: Audience, most: int | None) -> Page:
    """One page; with its authors, who would be bought soon, where they alone tell whose posts these are."""
    x = x_as(services, sweep.credential)
    return x.search(
        _class_of(sweep),
        query=sweep.query or "",
        of_archive=sweep.route is ReadBy.ALL,
        since_id=sweep.since_id,
        until_id=sweep.until_id,
        next_token=sweep.next_token,
        max_results=most,
        expand_authors=None if audience.knows_accounts else True,
    )


def _class_of(sweep: Sweep) -> WorkClass:
    return WorkClass.BACKFILL if sweep.queue == Queue.BACKFILL else WorkClass.SEARCH


def _start_later(services: Services, sweep: Sweep, error: StaleSinceId, *, ahead: timedelta) -> Sweep:
    """Begin where X can still search. Raises the error when X proposes nothing younger."""
    moved = gaps.start_later(sweep, error.oldest_since_id, ahead=ahead)
    if moved is None:
        raise error
    later, unread = moved
    now = services.clock.now()
    coverage.could_not_read(services.stores, sweep, unread, now=now)
    if sweep.kind is SweepKind.REREAD:
        later = replace(later, stuck=True)
    return _move(services, sweep, later, now)
