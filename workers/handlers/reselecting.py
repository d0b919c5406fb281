"""`reselect`: which of its posts are followed, where a person changed what a source asks for.

Each source is gone through from the oldest post that may still be followed, a bounded part at a time, and a second time
once what was under way has been stored. Posts that are followed again are due at once, or when the planner says so,
where it decides. Idempotent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from shared.domain.engagement.next_reading import RETIRE_AGE, Chooser
from shared.domain.engagement.selection import AT_ONCE, reselected
from shared.domain.jobs import Reselect
from shared.domain.selecting import follow_from
from shared.domain.sources import Source
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services
from shared.stores.selection import Concerned, Walk

log = get_logger(__name__)
BATCH, BATCHES = 1_000, 100


def reselect(services: Services, job: Reselect, *, batch: int = BATCH, batches: int = BATCHES) -> None:
    """Go on with every source; a crash leaves posts whose turn comes again."""
    sources = {one.id: one for one in services.stores.sources.all(removed=True)}
    settled = timedelta(seconds=services.settings.refresh_lease_seconds)
    for walk in services.stores.selection.walks():
        now = services.clock.now()
        if walk.is_second and now < walk.asked_at + settled:
            continue
        changed = _go_on(services, walk, sources, batch, batches)
        log.info("posts selected anew", source=walk.source, posts=changed)


def _go_on(services: Services, walk: Walk, sources: Mapping[str, Source], batch: int, batches: int) -> int:
    store, changed = services.stores.selection, 0
    cursor = walk.cursor or services.clock.now() - RETIRE_AGE * services.settings.refresh_time_scale
    for _ in range(batches):
        posts, last_at = store.part(walk.source, after=cursor, limit=batch)
        if last_at == cursor:  # posts of one moment fill the part
            batch *= 2
            continue
        changed += _reselect(services, posts, sources, now=services.clock.now())
        store.move(walk, last_at)
        if last_at is None:
            break
        cursor = last_at
    return changed


def _reselect(services: Services, posts: Sequence[Concerned], sources: Mapping[str, Source], *, now: datetime) -> int:
    store = services.stores.selection
    askers = store.askers({post.author_id for post in posts if post.author_id is not None})
    changes = []
    for post in posts:
        least = follow_from(post.concerns, sources, askers.get(post.author_id or 0, ()))
        wanted = AT_ONCE if least is None else least
        change = reselected(post.post_id, post.follow_from, follow_from=wanted, metrics=post.metrics)
        changes += [change] if change is not None else []
    return store.write(changes, now=now, is_planned=services.refresh_policy.by is Chooser.PLANNER)
