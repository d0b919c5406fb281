"""Storing an answer of X: what search, quotes and refreshes have in common.

What X described is stored as of the time that X says, so that a late answer undoes no later one; what could not be read
is set aside. Order matters: posts before anything that points at them, media documents before the jobs that download
them. Every step is idempotent, so a handler that died in the middle starts again at the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.domain.models import Page
from shared.runtime import metrics
from shared.services.bootstrap import Services
from shared.services.downloads import downloads
from shared.services.intake import answered_at, put_aside


@dataclass(frozen=True, slots=True)
class Stored:
    """Which of a page's own posts were new."""

    new_ids: frozenset[int]


def store_page(services: Services, page: Page, *, source: str, now: datetime) -> Stored:
    """Store a page's posts, accounts and media, follow the new posts, and send for the files.

    Included posts (the originals of quotes and replies) are stored too, for they were paid for, but not followed.
    """
    stores, at = services.stores, answered_at(page.rate, now)
    put_aside(services, page.set_aside, now=now)
    new_ids = stores.posts.upsert(page.posts, source=source, now=now, at=at)
    stores.posts.upsert(page.included_posts, source="included", now=now, at=at)
    stores.users.upsert(page.users, now=at)
    stores.handles.learn(page.users, now=now)
    snapshots = stores.engagement.begin(page.posts, now=now, at=at, policy=services.refresh_policy)
    metrics.SNAPSHOTS.inc(snapshots)
    stores.media.upsert(page.media, at=at)
    pending = stores.media.pending_of([item.key for item in page.media])
    services.sender.send_all(downloads(pending))
    metrics.POSTS_STORED.labels(source).inc(len(new_ids))
    services.tally.stored(len(new_ids))
    return Stored(frozenset(new_ids))
