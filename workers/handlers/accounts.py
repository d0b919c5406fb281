"""`resolve_handles`: the accounts behind usernames. `look_at_accounts`: how the followed ones stand."""

from __future__ import annotations

from shared.domain.jobs import LookAtAccounts, ResolveHandles
from shared.domain.models import WorkClass
from shared.services.accounts import note_accounts
from shared.services.bootstrap import Services
from shared.services.intake import store_users
from workers.handlers.runs import paid_by


def resolve_handles(services: Services, job: ResolveHandles) -> None:
    """Look the names up, store the accounts, and note which names X does not know."""
    with paid_by(services, job.run_id):
        answer = services.x.users_by(work_class=WorkClass.INTERACTIVE, usernames=list(job.usernames))
    now = services.clock.now()
    store_users(services, answer, now=now)
    services.stores.handles.learn(answer.users, now=now)
    services.stores.handles.note_missing(answer.missing, now=now)


def look_at_accounts(services: Services, job: LookAtAccounts) -> None:
    """Look followed accounts up by id; note their state, and follow those that are called otherwise under that name.

    Idempotent: a state that is known already is no change.
    """
    asked = [int(user_id) for user_id in job.user_ids]
    followed = services.stores.accounts.followed(asked)
    if not followed:
        return
    answer = services.x.users(work_class=WorkClass.ENGAGEMENT, user_ids=[one.user_id for one in followed])
    now = services.clock.now()
    store_users(services, answer, now=now)
    note_accounts(services, followed, answer)
