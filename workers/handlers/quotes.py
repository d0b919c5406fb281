"""`quote_page`: one page of the quotes of one post."""

from __future__ import annotations

from shared.domain.coverage.quotes import after_page, cursor_after
from shared.domain.coverage.sweeps import Sweep, SweepKind, SweepStatus
from shared.domain.errors import NotFound
from shared.domain.jobs import QuotePage
from shared.domain.models import WorkClass
from shared.runtime import metrics
from shared.services.attributing import audience_of_quotes
from shared.services.bootstrap import Services
from shared.services.storing import store_page
from workers.handlers.authors import want_authors
from workers.handlers.short_pages import fell_short


def quote_page(services: Services, job: QuotePage) -> None:
    """Read the page, store it, and send for the next one until a quote turns up that was known before.

    The endpoint has no `since_id`: it is read newest first down to a margin below the last complete reading.
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
        page = services.x.quote_tweets(
            work_class=WorkClass.QUOTES,
            post_id=int(sweep.subject),
            pagination_token=sweep.next_token,
            expand_authors=None,
        )
    except NotFound:
        # The quoted post is gone. Whether it is gone for good is for the refresh to say; its quotes cannot be read, and
        # to ask again sooner than after a reading would not change that.
        _note_read(services, sweep, cursor_id=None, is_gone=True)
        services.stores.sweeps.abandon(sweep, now=services.clock.now())
        metrics.SWEEPS.labels(sweep.kind.value, SweepStatus.ABANDONED.value).inc()
        return services.stores.sweeps.get(sweep.id) or sweep
    now = services.clock.now()
    audience = audience_of_quotes(services, int(sweep.subject))
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


def _note_read(services: Services, sweep: Sweep, *, cursor_id: int | None, is_gone: bool = False) -> None:
    """Before the sweep closes: while it is open nobody opens another one. Idempotent."""
    posts = [int(sweep.subject)]
    services.stores.quotes.note_read(posts, at=sweep.started_at, cursor_id=cursor_id, is_gone=is_gone)
