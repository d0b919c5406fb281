"""Whose accounts are to be looked up: the authors of what was found, bought once while they are fresh.

Pages are asked for without their authors, which costs less (`workers.handlers.authors`), and so come live posts.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.domain.jobs import GREATEST_ID
from shared.domain.models import Page
from shared.services.bootstrap import Services


def want_authors(services: Services, page: Page, *, now: datetime, run_id: str | None = None) -> None:
    """Note the authors of a page that did not come along and are not known, or not freshly. Idempotent.

    run_id: the request that pays for them.
    """
    came_along = {user.id for user in page.users}
    authors = {post.author_id for post in page.posts if post.author_id is not None} - came_along
    authors = {one for one in authors if one <= GREATEST_ID}  # a longer id cannot be asked for
    if authors:
        fresh = services.stores.users.fresh_among(authors, since=now - fresh_for(services))
        services.stores.authors.want(authors - fresh, now=now, run_id=run_id)


def fresh_for(services: Services) -> timedelta:
    """How long an account that was looked up is not asked for again."""
    return timedelta(seconds=services.settings.user_fresh_seconds)
