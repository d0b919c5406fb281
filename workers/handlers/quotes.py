"""`quote_page`: one page of the quotes of one post, or of several by one search."""

from __future__ import annotations

from shared.domain.coverage.quotes import after_page, cursor_after, posts_of
from shared.domain.coverage.sweeps import ReadBy, Sweep, SweepKind, SweepStatus
from shared.domain.errors import Forbidden, NotFound, StaleSinceId
from shared.domain.jobs import QuotePage
from shared.domain.models import Page, WorkClass
from shared.runtime import metrics
from shared.services.attributing import audience_of_quotes
from shared.services.authors import want_authors
from shared.services.bootstrap import Services
from shared.services.storing import store_page
from workers.handlers.short_pages import fell_short


def quote_page(services: Services, job: QuotePage) -> None:
    """Read the page, store it, and send for the next one until all is read down to a margin below the last reading.

    The endpoint of quotes has no begin: it is read newest first until a post turns up that is older.
    """
    sweep = services.stores.sweeps.get(job.sweep_id)
    if sweep is None or sweep.status is not SweepStatus.OPEN:
        return
    if sweep.page == job.page:
        sweep = _read(services, sweep)
    if sweep.status is SweepStatus.OPEN:
        services.sender.send(QuotePage(sweep_id=sweep.id, page=sweep.page))


def _read(services: Services, sweep: Sweep) -> Sweep:
    try:
        page = _ask(services, sweep)
    except NotFound:
        # The quoted post is gone. Whether it is gone for good is for the refresh to say; its quotes cannot be read, and
        # to ask again sooner than after a reading would not change that.
        _note_read(services, sweep, cursor_id=None, is_gone=True)
        return _give_up(services, sweep)
    except StaleSinceId:  # it waited until the search does not reach so far any more
        return _give_up(services, sweep)
    except Forbidden:
        if sweep.query is None or sweep.route is not ReadBy.ALL or services.has_archive:
            raise
        return _give_up(services, sweep)  # the plan turned out to lack the archive
    now = services.clock.now()
    audience = audience_of_quotes(services, posts_of(sweep))
    stored = store_page(services, page, source=SweepKind.QUOTES.value, now=now, audience=audience)
    want_authors(services, page, now=now)
    fell_short(services, sweep, page)  # what X withholds for good must not have all quotes bought again every day
    after = after_page(sweep, page, new_ids=stored.new_ids, through_at=now)
    if after.is_complete:
        _note_read(services, sweep, cursor_id=cursor_after(after))
        metrics.SWEEPS.labels(sweep.kind.value, after.status.value).inc()
    if not services.stores.sweeps.advance(sweep, after, now=now):
        return services.stores.sweeps.get(sweep.id) or after
    return after


def _ask(services: Services, sweep: Sweep) -> Page:
    if sweep.query is None:
        return services.x.quote_tweets(
            work_class=WorkClass.QUOTES,
            post_id=int(sweep.subject),
            pagination_token=sweep.next_token,
            expand_authors=None,
        )
    return services.x.search(
        WorkClass.QUOTES,
        query=sweep.query,
        of_archive=sweep.route is ReadBy.ALL,
        since_id=sweep.since_id,
        until_id=sweep.until_id,
        next_token=sweep.next_token,
        expand_authors=None,
    )


def _give_up(services: Services, sweep: Sweep) -> Sweep:
    """Close the sweep; its posts are chosen again, by another route where there is one."""
    if services.stores.sweeps.abandon(sweep, now=services.clock.now()):
        metrics.SWEEPS.labels(sweep.kind.value, SweepStatus.ABANDONED.value).inc()
    return services.stores.sweeps.get(sweep.id) or sweep


def _note_read(services: Services, sweep: Sweep, *, cursor_id: int | None, is_gone: bool = False) -> None:
    """Before the sweep closes: while it is open nobody opens another one. Idempotent."""
    services.stores.quotes.note_read(posts_of(sweep), at=sweep.started_at, cursor_id=cursor_id, is_gone=is_gone)
