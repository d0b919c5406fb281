"""Storing an answer of X: what search, quotes and refreshes have in common.

What X described is stored as of the time that X says, so that a late answer undoes no later one; what could not be read
is set aside. Whom a post concerns, and the mentions that it is, are written with it. Order matters: posts before
anything that points at them, media documents before the jobs that download them. Every step is idempotent, so a handler
that died in the middle starts again at the first.

    what is there   | new posts | mentions
    whom it concerns| accounts  | first readings, states
                    |           | posts that were there, versions
                    |           | media, then their jobs

What stands in one column runs at once, and all of it has ended when the next one begins: what MongoDB takes to write
one collection is time in which the others can be made ready, a third of a page's time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.domain.attribution import Audience, Concern, Why
from shared.domain.engagement.refresh import Engagement
from shared.domain.mentions import mentions_of
from shared.domain.models import Page
from shared.domain.selecting import asks_for_authors, follow_from
from shared.runtime import metrics
from shared.services.beside import beside
from shared.services.bootstrap import Services
from shared.services.downloads import downloads
from shared.services.intake import answered_at, put_aside
from shared.stores.beginnings import Beginnings, beginnings
from shared.stores.described import Ready, Told
from shared.stores.known import Known

NOBODY = Audience()


@dataclass(frozen=True, slots=True)
class Stored:
    """Which of a page's own posts were new, and which sources the others concern; of posts that were looked up, how
    their engagement stood `before`.
    """

    new_ids: frozenset[int]
    sources: Mapping[int, Collection[str]]
    before: Mapping[int, Engagement]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """A page as X told it at `at`, and whom its posts concern. posts: as they are written."""

    page: Page
    posts: Sequence[Told]
    concerns: Mapping[int, Sequence[Concern]]
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
    with beside(lambda: _heard(services, page, source, audience, now, at)) as heard_beside:
        known = services.stores.known.of(page, askers=asks_for_authors(audience.everyone.values()))
    heard = heard_beside.result()
    new = [one for one in heard.posts if one.id not in known.posts]
    with (
        beside(lambda: _following(services, heard, known, audience)) as following,
        beside(lambda: _store_users(services, heard, known)),
    ):
        new_ids = services.stores.posts.put(new, at=at, known=known.posts)
    mentions, begun = following.result()
    with (
        beside(lambda: services.stores.mentions.write(mentions)),
        beside(lambda: _begin(services, begun)),
        beside(lambda: _store_known(services, heard, known)) as missed,
    ):
        services.stores.media.upsert(page.media, at=at, known=known.media)
        services.sender.send_all(downloads(known.to_download(item.key for item in page.media)))
    new_ids |= missed.result()
    new_ids &= {post.id for post in page.posts}
    metrics.POSTS_STORED.labels(source).inc(len(new_ids))
    services.tally.stored(len(new_ids))
    return Stored(frozenset(new_ids), known.sources, known.engagement if page.states else {})


def _heard(services: Services, page: Page, source: str, audience: Audience, now: datetime, at: datetime) -> _Heard:
    """Whom a page concerns, and its posts as they are written: made while MongoDB says what is there of it."""
    concerns = audience.concerns(page)
    posts = services.stores.posts.told(
        page.posts, source=source, now=now, included=page.included_posts, concerns=concerns
    )
    return _Heard(page=page, posts=posts, concerns=concerns, now=now, at=at)


def _store_known(services: Services, heard: _Heard, known: Known) -> set[int]:
    """Store the posts that were there, follow again those that were gone, and link versions, now that all of them are
    there; answers the ids of those that were there no more, and are new."""
    stores, page, before = services.stores, heard.page, known.posts
    missed = stores.posts.put([one for one in heard.posts if one.id in before], at=heard.at, known=before)
    if back := [post.id for post in page.posts if "gone" in before.get(str(post.id), {})]:
        stores.fates.revive(back, now=heard.now)
    if edited := [post.edit_history_ids for post in page.posts if len(post.edit_history_ids) > 1]:
        stores.fates.link_versions(edited, now=heard.now)
    return missed


def _store_users(services: Services, heard: _Heard, known: Known) -> None:
    """Store the accounts."""
    stores, users = services.stores, heard.page.users
    stores.users.upsert(users, now=heard.at, known=known.users)
    stores.handles.learn(users, now=heard.now, followed=known.followed.values())


def _following(services: Services, heard: _Heard, known: Known, audience: Audience) -> tuple[Ready, Beginnings]:
    """The mentions and the first readings that follow from the posts, ready to be written once these are there."""
    page, now, at = heard.page, heard.now, heard.at
    policy, wanted = services.refresh_policy, _follow_from(heard, known, audience)
    own = {post_id for post_id, whys in heard.concerns.items() if any(one.why is Why.AUTHOR for one in whys)}
    mentions = mentions_of(page, heard.concerns, tenants=audience.tenants, known=known.tenants, authors=known.authors)
    return (
        services.stores.mentions.ready(mentions, now=now, at=at, known=known.mentions),
        beginnings(page.posts, now=now, at=at, policy=policy, known=known.states, own=own, follow_from=wanted),
    )


def _follow_from(heard: _Heard, known: Known, audience: Audience) -> dict[int, float]:
    """From which engagement on those who found a post want it followed; what nobody asked for is left out."""
    # What nothing explains was found for one of them.
    searched = [Concern(source, "", Why.MENTION) for source in audience.tenants]
    found = {
        post.id: follow_from(
            heard.concerns.get(post.id, searched), audience.everyone, known.askers.get(post.author_id or 0, ())
        )
        for post in heard.page.posts
    }
    return {post_id: least for post_id, least in found.items() if least is not None}


def _begin(services: Services, begun: Beginnings) -> None:
    """Begin to follow the engagement of the new posts."""
    metrics.SNAPSHOTS.inc(services.stores.engagement.write(begun))
