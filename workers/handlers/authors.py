"""`look_up_authors`: the accounts behind posts, bought once while they are fresh.

To expand the authors of a page buys each of them that was not bought that day, known or not. A look-up buys those that
are not known and fresh: the same or fewer on every day. The ids come with the posts for free (old dialect), so pages
are asked for without the expansion, and the unknown ones of many pages are looked up together, up to 100 a call.
"""

from __future__ import annotations

from shared.domain.jobs import LookUpAuthors
from shared.domain.models import WorkClass
from shared.services.authors import fresh_for
from shared.services.bootstrap import Services
from shared.services.intake import store_users
from workers.handlers.runs import paid_by


def look_up_authors(services: Services, job: LookUpAuthors) -> None:
    """Look the accounts up, but for those that became known since they were noted, and store them."""
    wanted = {int(user_id) for user_id in job.user_ids}
    fresh = services.stores.users.fresh_among(wanted, since=services.clock.now() - fresh_for(services))
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
        {int(user_id): why for user_id, why in answer.missing.items()}, now=now, again_at=now + fresh_for(services)
    )
    # Last, because what is no longer wanted is not asked for again.
    services.stores.authors.found({user.id for user in answer.users})
