"""`purge_gone`: what people wrote in posts that are gone. `remove_media`: files that no post has any more."""

from __future__ import annotations

from shared.domain.jobs import PurgeGone, RemoveMedia
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services
from shared.services.erasing import erase_again

log = get_logger(__name__)

BATCH = 500
# What is left is for the next job: this one ends within seconds, whatever waits.
BATCHES = 20


def purge_gone(services: Services, job: PurgeGone, *, batch: int = BATCH, batches: int = BATCHES) -> None:
    """Take what is personal from posts whose time has come, and mark their media; what a crash leaves is done again."""
    stores, purged = services.stores, 0
    for _ in range(batches):
        now = services.clock.now()
        due = stores.fates.to_purge(now=now, limit=batch)
        stores.removals.mark(stores.fates.media_only_of(due), now=now)
        purged += stores.fates.purge(due, now=now)
        if len(due) < batch:
            break
    erase_again(services)
    accounts = stores.fates.purge_users(now=services.clock.now(), limit=batch * batches)
    if purged or accounts:
        log.info("what is gone was purged", posts=purged, accounts=accounts)


def remove_media(services: Services, job: RemoveMedia) -> None:
    """Delete the files of media that are marked, and forget the media; a file that another medium has stays."""
    removals = services.stores.removals
    for key, path in removals.paths(job.media).items():
        if path is not None and not removals.is_used(path):
            services.media.remove(path)
            if removals.lost(path):
                log.warning("a file was deleted while another medium came to have it; it is fetched anew", path=path)
        removals.forget(key)
