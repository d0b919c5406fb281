"""Storing what is imported: as a page of X is, but for what leads to paid calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from control.importing import ENDPOINT, New
from shared.domain.attribution import Audience
from shared.domain.mentions import mentions_of
from shared.domain.models import Page, User
from shared.runtime.clock import from_epoch_seconds
from shared.services.attributing import audience_of_all
from shared.services.bootstrap import Services
from shared.stores.known import Known


def storing(services: Services, *, now: datetime, dry_run: bool) -> Callable[[Page], New]:
    """What stores a page, or with `dry_run` only looks what of it is new. Both raise StoreUnavailable.

    Whom posts concern is told by the sources that there are when this is called.
    """
    stores, audience = services.stores, audience_of_all(services)

    def store(page: Page) -> New:
        page = stores.erasures.blocked(now=now).without(page)
        known = stores.known.of(page)
        if not dry_run:
            _store(services, page, known, audience, now)
        return New(
            posts=len({str(post.id) for post in page.posts} - known.posts.keys()),
            users=len({str(user.id) for user in page.users} - known.users.keys()),
            media=len({item.key for item in page.media} - known.media.keys()),
        )

    return store


def _store(services: Services, page: Page, known: Known, audience: Audience, now: datetime) -> None:
    stores = services.stores
    at = from_epoch_seconds(page.rate.date_seconds) if page.rate.date_seconds is not None else now
    stores.set_aside.note(page.set_aside, now=now)
    stores.users.upsert(page.users, now=at, known=known.users)
    stores.media.upsert(page.media, at=at, known=known.media)
    page = _with_what_is_stored(services, page)
    concerns = audience.concerns(_with_names(page, known))
    stores.posts.upsert(
        page.posts,
        source=ENDPOINT,
        now=now,
        at=at,
        included=page.included_posts,
        concerns=concerns,
        known=known.posts,
    )
    mentions = mentions_of(page, concerns, tenants=audience.tenants, known=known.tenants, authors=known.authors)
    stores.mentions.put(mentions, now=now, at=at, known=known.mentions)
    stores.mentions.learn(user for user in page.users if str(user.id) not in known.users)


def _with_what_is_stored(services: Services, page: Page) -> Page:
    """The page with the media of its posts that came by themselves, earlier."""
    came = {item.key for item in page.media}
    missing = [key for post in page.posts for key in post.media_keys if key not in came]
    return replace(page, media=(*page.media, *services.stores.media.among(missing))) if missing else page


def _with_names(page: Page, known: Known) -> Page:
    """The page with the names of authors that came by themselves, earlier."""
    came = {user.id for user in page.users}
    names = [User(id=id_, username=one.handle) for id_, one in known.authors.items() if id_ not in came]
    return replace(page, users=(*page.users, *names)) if names else page
