"""What the events of one piece of a stream lead to: money booked, posts stored, deletions and new names followed.

The money first, because X has billed it; then posts before deletions, so that what was posted and deleted at once is
gone. Each step is idempotent, and live posts move no coverage: the search reads everything by itself. Invariant: what
cannot be read keeps nothing else from being done.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from shared.domain.attribution import Audience
from shared.domain.live.events import Deleted, Event, OddLine, Posted, Renamed, Told, name_of
from shared.domain.models import Page, PostState, User, UserLookup
from shared.domain.set_aside import Kind
from shared.domain.states import By, Word
from shared.platforms.x.body import identifier
from shared.runtime import metrics
from shared.runtime.log import get_logger
from shared.services.accounts import note_accounts
from shared.services.authors import want_authors
from shared.services.bootstrap import Services
from shared.services.storing import store_page

log = get_logger(__name__)
# How live posts were found, as posts say it.
SOURCE = "live"


def tell(route: str, events: Iterable[Event]) -> None:
    """Count the events, and name those that nobody can read, and X's own word."""
    for event in events:
        metrics.LIVE_EVENTS.labels(route, name_of(event)).inc()
        if isinstance(event, OddLine):
            log.warning("line of a stream not read", route=route, reason=event.reason, begins=event.begins, like=route)
        elif isinstance(event, Told):
            log.warning("X says", route=route, title=event.title)


def bought_by(events: Iterable[Event]) -> tuple[set[int], int]:
    """Ids of the posts that came, also of those that could not be read, and how many profile updates did."""
    posts: set[int] = set()
    updates = 0
    for event in events:
        if isinstance(event, Posted):
            page = event.page
            posts.update(one.id for one in (*page.posts, *page.included_posts))
            odd = (identifier(one.object_id) for one in page.set_aside if one.kind is Kind.POST)
            posts.update(one for one in odd if one is not None)
        updates += isinstance(event, Renamed)
    return posts, updates


def heed(services: Services, route: str, events: Sequence[Event], *, audience: Audience) -> None:
    """Do what the events lead to. Raises StoreUnavailable; then all of it may be done again."""
    _store(services, route, _joined(event.page for event in events if isinstance(event, Posted)), audience)
    _bury(services, [event.post_id for event in events if isinstance(event, Deleted)])
    for event in events:
        if isinstance(event, Renamed):
            _rename(services, event)


def _store(services: Services, route: str, page: Page, audience: Audience) -> None:
    if not (page.posts or page.set_aside):
        return
    now = services.clock.now()
    store_page(services, page, source=SOURCE, now=now, audience=audience)
    want_authors(services, page, now=now)
    stored_at = services.clock.now()
    for post in page.posts:
        metrics.LIVE_LAG_SECONDS.labels(route).observe(max(0.0, (stored_at - post.created_at).total_seconds()))


def _bury(services: Services, post_ids: Sequence[int]) -> None:
    """X tells a deletion once, of this one post: it needs no second word."""
    now = services.clock.now()
    words = {post_id: Word(PostState.DELETED, now, By.EVENT) for post_id in post_ids}
    purge_after = timedelta(seconds=services.settings.purge_after_seconds)
    services.stores.fates.bury(words, now=now, purge_after=purge_after)


def _rename(services: Services, event: Renamed) -> None:
    """The event says of an account what a look at it would say; its other facts are as they were known."""
    followed = services.stores.accounts.followed([event.user_id])
    if all(one.name == event.after.lower() for one in followed):
        return
    if all(one.name != event.before.lower() for one in followed):  # older than what is known: a look says how it is
        services.stores.accounts.look_now([event.user_id], now=services.clock.now())
        return
    is_protected = any(one.state == "protected" for one in followed)
    told = User(id=event.user_id, username=event.after, protected=is_protected)
    note_accounts(services, followed, UserLookup(users=(told,)))


def _joined(pages: Iterable[Page]) -> Page:
    """One page of all; of a post that came twice the later one."""
    found = list(pages)
    return Page(
        posts=tuple({post.id: post for page in found for post in page.posts}.values()),
        included_posts=tuple({post.id: post for page in found for post in page.included_posts}.values()),
        users=tuple({user.id: user for page in found for user in page.users}.values()),
        media=tuple({media.key: media for page in found for media in page.media}.values()),
        set_aside=tuple(one for page in found for one in page.set_aside),
    )
