"""Storing an answer of X: what search, quotes and refreshes have in common.

What X described is stored as of the time that X says, so that a late answer undoes no later one; what could not be read
is set aside. Whom a post concerns, and the mentions that it is, are written with it. Order matters: posts before
anything that points at them, media documents before the jobs that download them. Every step is idempotent, so a handler
that died in the middle starts again at the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from shared.domain.attribution import Audience, Concern, Why
from shared.domain.mentions import mentions_of
from shared.domain.models import Page
from shared.runtime import metrics
from shared.services.bootstrap import Services
from shared.services.downloads import downloads
from shared.services.intake import answered_at, put_aside
from shared.stores.beginnings import Beginnings, beginnings
from shared.stores.described import Ready
from shared.stores.known import Known

T = TypeVar("T")
NOBODY = Audience()
# Threads that stay: to begin and end five a page was a fifteenth of its work. More than a worker has jobs for.
_THREADS = ThreadPoolExecutor(64, thread_name_prefix="store")


@dataclass(frozen=True, slots=True)
class Stored:
    """Which of a page's own posts were new."""

    new_ids: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """A page, what is there of it, and whom it concerns. at: when X told it."""

    page: Page
    known: Known
    concerns: Mapping[int, Sequence[Concern]]
    source: str
    now: datetime
    at: datetime


def store_page(services: Services, page: Page, *, source: str, now: datetime, audience: Audience = NOBODY) -> Stored:
    """Store a page's posts, accounts and media, follow the new posts, and send for the files.

    source: how the posts were found. audience: for whom they were asked for; what they are to others stays as it is.
    Included posts (the originals of quotes and replies) are stored too, for they were paid for, but not followed.
    """
    at, page = answered_at(page.rate, now), services.stores.erasures.blocked(now=now).without(page)
    put_aside(services, page.set_aside, now=now)
    # What asks MongoDB first goes in this thread: one that is new waits for Python's lock, a page's work long.
    with _beside(lambda: audience.concerns(page)) as concerns:
        known = services.stores.known.of(page)
    heard = _Heard(page=page, known=known, concerns=concerns.result(), source=source, now=now, at=at)
    with (
        _beside(lambda: _store_others(services, heard)),
        _beside(lambda: _following(services, heard, audience)) as following,
    ):
        new_ids = _store_posts(services, heard)
    mentions, begun = following.result()
    with _beside(lambda: services.stores.mentions.write(mentions)), _beside(lambda: _begin(services, begun)):
        services.sender.send_all(downloads(known.to_download(item.key for item in page.media)))
    new_ids &= {post.id for post in page.posts}
    metrics.POSTS_STORED.labels(source).inc(len(new_ids))
    services.tally.stored(len(new_ids))
    return Stored(frozenset(new_ids))


def _store_posts(services: Services, heard: _Heard) -> set[int]:
    """Store the posts, follow again those that were gone, and link versions; answers the ids of the new ones."""
    stores, page, known = services.stores, heard.page, heard.known.posts
    new_ids = stores.posts.upsert(
        page.posts,
        source=heard.source,
        now=heard.now,
        at=heard.at,
        included=page.included_posts,
        concerns=heard.concerns,
        known=known,
    )
    if back := [post.id for post in page.posts if "gone" in known.get(str(post.id), {})]:
        stores.fates.revive(back, now=heard.now)
    if edited := [post.edit_history_ids for post in page.posts if len(post.edit_history_ids) > 1]:
        stores.fates.link_versions(edited)
    return new_ids


def _store_others(services: Services, heard: _Heard) -> None:
    """Store what no post has to be there for."""
    stores, page, known = services.stores, heard.page, heard.known
    stores.users.upsert(page.users, now=heard.at, known=known.users)
    stores.handles.learn(page.users, now=heard.now, followed=known.followed.values())
    stores.media.upsert(page.media, at=heard.at, known=known.media)


def _following(services: Services, heard: _Heard, audience: Audience) -> tuple[Ready, Beginnings]:
    """The mentions and the first readings that follow from the posts, ready to be written once these are there."""
    page, known, now, at = heard.page, heard.known, heard.now, heard.at
    own = {post_id for post_id, whys in heard.concerns.items() if any(one.why is Why.AUTHOR for one in whys)}
    mentions = mentions_of(page, heard.concerns, tenants=audience.tenants, known=known.tenants, authors=known.authors)
    return (
        services.stores.mentions.ready(mentions, now=now, at=at, known=known.mentions),
        beginnings(page.posts, now=now, at=at, policy=services.refresh_policy, known=known.states, own=own),
    )


def _begin(services: Services, begun: Beginnings) -> None:
    """Begin to follow the engagement of the new posts."""
    metrics.SNAPSHOTS.inc(services.stores.engagement.write(begun))


@contextmanager
def _beside(work: Callable[[], T]) -> Iterator[Future[T]]:
    """Do `work` in another thread while the block runs; raises what either of them raises.

    What MongoDB takes to write one collection is time in which the others can be made ready: a third of a page's time.
    """
    done = _THREADS.submit(copy_context().run, work)
    try:
        yield done
    finally:
        wait([done])
    done.result()
