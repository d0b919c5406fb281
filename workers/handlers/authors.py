"""`look_up_authors`: the accounts behind posts, bought once while they are fresh.

To expand the authors of a page buys each of them that was not bought that day, known or not. A look-up buys those that
are not known and fresh: the same or fewer on every day. The ids come with the posts for free (old dialect), so pages
are asked for without the expansion, and the unknown ones of many pages are looked up together, up to 100 a call.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.domain.jobs import GREATEST_ID, LookUpAuthors
from shared.domain.models import Page, WorkClass
from shared.services.bootstrap import Services
from shared.services.intake import store_users
from workers.handlers.runs import paid_by


def want_authors(services: Services, page: Page, *, now: datetime, run_id: str | None = None) -> None:
    """Note the authors of a page that did not come along and are not known, or not freshly. Idempotent.

    run_id: the request that pays for them.
    """
    came_along = {user.id for user in page.users}
    authors = {post.author_id for post in page.posts if post.author_id is not None} - came_along
    authors = {one for one in authors if one <= GREATEST_ID}  # a longer id cannot be asked for
    if authors:
        fresh = services.stores.users.fresh_among(authors, since=now - _fresh(services))
        services.stores.authors.want(authors - fresh, now=now, run_id=run_id)


def look_up_authors(services: Services, job: LookUpAuthors) -> None:
    """Look the accounts up, but for those that became known since they were noted, and store them."""
    wanted = {int(user_id) for user_id in job.user_ids}
    fresh = services.stores.users.fresh_among(wanted, since=services.clock.now() - _fresh(services))
    services.stores.authors.found(fresh)
    asked = sorted(wanted - fresh)
    if not asked:
        return
    with paid_by(services, job.run_id):
        answer = services.x.users(work_class=WorkClass.ENGAGEMENT, user_ids=asked)
    now = services.clock.now()
    store_users(services, answer, now=now)
    services.stores.handles.learn(answer.users, now=now)
    services.stores.authors.missing(
        {int(user_id): why for user_id, why in answer.missing.items()}, now=now, again_at=now + _fresh(services)
    )
    # Last, because what is no longer wanted is not asked for again.
    services.stores.authors.found({user.id for user in answer.users})


def _fresh(services: Services) -> timedelta:
    return timedelta(seconds=services.settings.user_fresh_seconds)
