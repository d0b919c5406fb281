"""`resolve_handles`: the accounts behind usernames."""

from __future__ import annotations

from shared.domain.jobs import ResolveHandles
from shared.domain.models import WorkClass
from shared.services.bootstrap import Services
from workers.handlers.intake import answered_at, put_aside


def resolve_handles(services: Services, job: ResolveHandles) -> None:
    """Look the names up, store the accounts, and note which names X does not know."""
    answer = services.x.users_by(work_class=WorkClass.INTERACTIVE, usernames=list(job.usernames))
    now = services.clock.now()
    services.stores.users.upsert(answer.users, now=answered_at(answer.rate, now))
    put_aside(services, answer.set_aside, now=now)
    services.stores.handles.learn(answer.users, now=now)
    services.stores.handles.note_missing(answer.missing, now=now)
