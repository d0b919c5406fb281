"""Storing an answer of X: what search, quotes and refreshes have in common.

What X described is stored as of the time that X says, so that a late answer undoes no later one; what could not be read
is set aside. Whom a post concerns, and the mentions that it is, are written with it. Order matters: posts before
anything that points at them, media documents before the jobs that download them. Every step is idempotent, so a handler
that died in the middle starts again at the first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime

from shared.domain.attribution import Audience, Why
from shared.domain.mentions import mentions_of
from shared.domain.models import Page
from shared.runtime import metrics
from shared.services.bootstrap import Services
from shared.services.downloads import downloads
from shared.services.intake import answered_at, put_aside
from shared.stores.known import Known

NOBODY = Audience()


@dataclass(frozen=True, slots=True)
class Stored:
    """Which of a page's own posts were new."""

    new_ids: frozenset[int]


def store_page(services: Services, page: Page, *, source: str, now: datetime, audience: Audience = NOBODY) -> Stored:
    """Store a page's posts, accounts and media, follow the new posts, and send for the files.

    source: how the posts were found. audience: for whom they were asked for; what they are to others stays as it is.
    Included posts (the originals of quotes and replies) are stored too, for they were paid for, but not followed.
    """
    stores, at = services.stores, answered_at(page.rate, now)
    page = stores.erasures.blocked(now=now).without(page)
    put_aside(services, page.set_aside, now=now)
    known, concerns = stores.known.of(page), audience.concerns(page)
    with _beside(lambda: _store_others(services, page, known, now=now, at=at)):
        new_ids = stores.posts.upsert(
            page.posts,
            source=source,
            now=now,
            at=at,
            included=page.included_posts,
            concerns=concerns,
            known=known.posts,
        )
    if back := [post.id for post in page.posts if "gone" in known.posts.get(str(post.id), {})]:
        stores.fates.revive(back, now=now)
    if edited := [post.edit_history_ids for post in page.posts if len(post.edit_history_ids) > 1]:
        stores.fates.link_versions(edited)
    mentions = mentions_of(page, concerns, tenants=audience.tenants, known=known.tenants, authors=known.authors)
    with _beside(lambda: services.stores.mentions.put(mentions, now=now, at=at, known=known.mentions)):
        own = {post_id for post_id, whys in concerns.items() if any(one.why is Why.AUTHOR for one in whys)}
        _follow_counts(services, page, known, now=now, at=at, own=own)
    services.sender.send_all(downloads(known.to_download(item.key for item in page.media)))
    new_ids &= {post.id for post in page.posts}
    metrics.POSTS_STORED.labels(source).inc(len(new_ids))
    services.tally.stored(len(new_ids))
    return Stored(frozenset(new_ids))


def _store_others(services: Services, page: Page, known: Known, *, now: datetime, at: datetime) -> None:
    """Store what no post has to be there for."""
    services.stores.users.upsert(page.users, now=at, known=known.users)
    services.stores.handles.learn(page.users, now=now, followed=known.followed.values())
    services.stores.media.upsert(page.media, at=at, known=known.media)


def _follow_counts(
    services: Services, page: Page, known: Known, *, now: datetime, at: datetime, own: Collection[int]
) -> None:
    """Begin to follow the engagement of the new posts; own: those whose quotes are wanted."""
    policy = services.refresh_policy
    metrics.SNAPSHOTS.inc(
        services.stores.engagement.begin(page.posts, now=now, at=at, policy=policy, known=known.states, own=own)
    )


@contextmanager
def _beside(work: Callable[[], object]) -> Iterator[None]:
    """Do `work` in another thread while the block runs; raises what either of them raises.

    What MongoDB takes to write one collection is time in which the others can be made ready: a third of a page's time.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="store") as pool:
        done = pool.submit(copy_context().run, work)
        yield
        done.result()
