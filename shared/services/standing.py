"""How engagement is followed, as it was counted last; and the count itself, which a job makes in the background."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from shared.domain.days import midnight
from shared.domain.engagement.standing import Standing
from shared.domain.engagement.turns import INTERVALS
from shared.services.bootstrap import Services

# So many are counted in 0.1 s, by index.
QUICKLY_COUNTED: Final = 100_000


def count(services: Services) -> Standing:
    """Count and keep it. Raises StoreUnavailable."""
    store, began = services.stores.standing, services.clock.now()
    scale = services.settings.refresh_time_scale
    tiers = store.tiers({tier: interval * scale for tier, interval in INTERVALS.items()}, now=began)
    unpaid = store.unpaid(day_starts=midnight(services.ledger.now()))
    posts, files = services.stores.engagement.count_by_tier(), services.stores.media.count_by_status()
    took = (services.clock.now() - began).total_seconds()
    standing = Standing(at=began, took_seconds=took, tiers=tiers, unpaid=unpaid, posts=posts, files=files)
    store.keep(standing)
    return standing


def latest(services: Services) -> Standing:
    """The last count; one that is made now where nobody has counted lately, as when no worker runs."""
    last = services.stores.standing.last()
    return last if last is not None and last.is_fresh(services.clock.now()) else count(services)


def due_now(services: Services, now: datetime) -> int:
    """How many posts are due: as was counted, or now where nobody has counted lately; up to a million then."""
    last = services.stores.standing.last()
    if last is not None and last.is_fresh(now):
        return last.total.due
    return services.stores.engagement.count_due(now=now)


def unpaid_today(services: Services, *, day_starts: datetime, day_ends: datetime) -> int:
    """How many posts are due before the UTC day ends that cost money: as was counted on it, or now."""
    last, now = services.stores.standing.last(), services.clock.now()
    if last is not None and last.is_fresh(now) and last.at >= day_starts:
        return last.unpaid
    return services.stores.engagement.count_unpaid(day_starts=day_starts, day_ends=day_ends)


def posts_by_tier(services: Services) -> Mapping[str, int]:
    """How many posts are in each tier: now where that is counted quickly, as was counted last where they are many."""
    last = services.stores.standing.last() if services.stores.engagement.count() > QUICKLY_COUNTED else None
    return services.stores.engagement.count_by_tier() if last is None or last.posts is None else last.posts


def files_by_state(services: Services) -> Mapping[str, int]:
    """How many files are pending, ok and failed, in the same way."""
    last = services.stores.standing.last() if services.stores.media.count() > QUICKLY_COUNTED else None
    return services.stores.media.count_by_status() if last is None or last.files is None else last.files
