"""`purge_old`: posts that nobody keeps any longer, with all that is about them.

Each scope (a source, or all) is gone through from its oldest post on, a bounded part at a time; at the end it begins
anew, for what came late and what another source kept until then.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.domain.jobs import PurgeOld
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services
from shared.stores.ages import retention

log = get_logger(__name__)
BATCH, BATCHES = 500, 10


def purge_old(services: Services, job: PurgeOld, *, batch: int = BATCH) -> None:
    """Go on in every scope; a crash leaves posts whose turn comes again."""
    stores, now, deleted = services.stores, services.clock.now(), 0
    kept = retention(stores.sources.all(), services.settings.retention_days or None)
    for scope, days in kept.scopes.items():
        before = now - timedelta(days=days)
        for _ in range(BATCHES):
            cursor: datetime | None = stores.ages.cursor(scope)
            found = stores.ages.older(scope, after=cursor, before=before, limit=batch)
            old = [one for one in found if kept.leaves(one["created_at"], _sources(one), now=now)]
            stores.removals.mark(stores.fates.media_only_of(old), now=now)
            stores.erasures.delete_posts([one["_id"] for one in old])
            deleted += len(old)
            at_end = len(found) < batch
            stores.ages.move(scope, None if at_end else _next(cursor, found[-1]["created_at"]))
            if at_end:
                break
    if deleted:
        log.info("old posts purged", posts=deleted)


def _next(cursor: datetime | None, last_at: datetime) -> datetime:
    """From when on the next part is; past a moment that fills a whole one."""
    return last_at if last_at != cursor else last_at + timedelta(milliseconds=1)


def _sources(post: dict[str, object]) -> set[str]:
    concerns = post.get("concerns")
    return {one["source"] for one in concerns} if isinstance(concerns, list) else set()
