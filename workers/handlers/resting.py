"""A search that a source's share of the money pays for ends where that is spent; what is left of it is a gap.

Looked up before each page, so a share is passed by no more than the pages that are under way.
"""

from __future__ import annotations

from datetime import timedelta

from shared.domain.coverage.gaps import GapReason
from shared.domain.coverage.sweeps import ReadBy, Sweep, SweepKind, SweepStatus
from shared.domain.money.prices import PriceKind
from shared.domain.money.source_shares import ShareStanding, page_size
from shared.platforms.x.endpoints import SEARCH_ALL, SEARCH_RECENT
from shared.runtime import metrics
from shared.runtime.log import get_logger
from shared.services import coverage
from shared.services.bootstrap import Services
from shared.services.source_shares import standing_of

log = get_logger(__name__)


def share_of(services: Services, sweep: Sweep) -> ShareStanding | None:
    """How the share stands that pays for a sweep; None: none does. Raises StoreUnavailable, LimiterUnavailable."""
    return None if sweep.share_of is None else standing_of(services, sweep.share_of)


def is_over(sweep: Sweep, share: ShareStanding | None) -> bool:
    """Whether no further page of a sweep may be read now."""
    return share is not None and (share.leaves_gaps if sweep.kind is SweepKind.BACKFILL else share.is_spent)


def rest(services: Services, sweep: Sweep) -> Sweep:
    """End a sweep before its next page: what it read counts, what it did not is read when there is money again."""
    now = services.clock.now()
    if sweep.kind is SweepKind.SEARCH and (stream := services.stores.streams.get(sweep.subject)) is not None:
        services.stores.streams.rest(stream, now=now)
    settles = timedelta(seconds=services.settings.reread_after_seconds)
    if coverage.abandon(services.stores, sweep, now=now, settles=settles, reason=GapReason.OVER_SHARE):
        metrics.SWEEPS.labels(sweep.kind.value, SweepStatus.ABANDONED.value).inc()
        log.info("share of the money spent", source=sweep.share_of, sweep=sweep.id, page=sweep.page)
    return services.stores.sweeps.get(sweep.id) or sweep


def most_posts(services: Services, sweep: Sweep, share: ShareStanding | None, *, with_authors: bool) -> int | None:
    """How many posts the next page may have; None: as many as X gives. with_authors: each may bring one to be paid."""
    if share is None:
        return None
    endpoint = SEARCH_ALL if sweep.route is ReadBy.ALL else SEARCH_RECENT
    micro = services.ledger.prices.micro
    price = micro[PriceKind.POST] + (micro[PriceKind.USER] if with_authors else 0)
    left = share.left_for_gaps_micro_usd if sweep.kind is SweepKind.BACKFILL else share.left_micro_usd
    return page_size(left, price, least=endpoint.min_page, greatest=endpoint.max_page)
