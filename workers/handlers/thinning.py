"""`thin_series`: snapshots of old posts, of which fewer and fewer are kept.

Each walk goes on where it stopped, a bounded part at a time. A crash leaves a part whose turn comes again.
"""

from __future__ import annotations

from datetime import timedelta

from shared.domain import snowflake
from shared.domain.engagement.thinning import Round, ThinningPolicy, rounds, thin
from shared.domain.jobs import ThinSeries
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services

log = get_logger(__name__)
SNAPSHOTS, PARTS = 5_000, 10


def thin_series(services: Services, job: ThinSeries, *, snapshots: int = SNAPSHOTS, parts: int = PARTS) -> None:
    """Go on in every walk, by at most so many parts of about so many snapshots."""
    settings = services.settings
    policy = ThinningPolicy(timedelta(days=settings.series_full_days), timedelta(days=settings.series_hourly_days))
    dropped = sum(_walk(services, policy, walk, snapshots, parts) for walk in rounds(policy))
    if dropped:
        log.info("old series thinned", snapshots=dropped)


def _walk(services: Services, policy: ThinningPolicy, walk: Round, snapshots: int, parts: int) -> int:
    store, now, dropped = services.stores.series, services.clock.now(), 0
    before = str(snowflake.first_id_at(now - walk.age))
    cursor = store.cursor(walk.name)
    for _ in range(parts):
        series = store.after(cursor, before=before, limit=snapshots)
        if not series:
            break
        dropped += store.thin(thin(one, now=now, policy=policy) for one in series.values())
        cursor = max(series)
        store.move(walk.name, cursor)
    return dropped
