"""What of an answer of X is stored the same way whoever asked: accounts, and what could not be read.

What X described is stored as of the time that X says, so that a late answer undoes no later one. Idempotent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shared.domain.models import RateHeaders, UserLookup
from shared.domain.set_aside import SetAside
from shared.runtime import metrics
from shared.runtime.clock import from_epoch_seconds
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services

log = get_logger(__name__)


def answered_at(rate: RateHeaders, otherwise: datetime) -> datetime:
    """When X answered, by its own clock where it told the time."""
    return otherwise if rate.date_seconds is None else from_epoch_seconds(rate.date_seconds)


def put_aside(services: Services, objects: Sequence[SetAside], *, now: datetime) -> None:
    """Keep what could not be read for a person to see; the rest of the answer goes on. Raises StoreUnavailable."""
    services.stores.set_aside.note(objects, now=now)
    for one in objects:
        metrics.OBJECTS_SET_ASIDE.labels(one.kind.value, one.reason.value).inc()
        log.warning(
            "object set aside",
            kind=one.kind.value,
            reason=one.reason.value,
            object_id=one.object_id,
            endpoint=one.endpoint,
        )


def store_users(services: Services, answer: UserLookup, *, now: datetime) -> None:
    """Store the accounts of a look-up, name them in the mentions that waited for them, and put aside what of it could
    not be read. Raises StoreUnavailable.
    """
    users = services.stores.erasures.blocked(now=now).users(answer.users)
    services.stores.users.upsert(users, now=answered_at(answer.rate, now))
    services.stores.mentions.learn(answer.users)
    put_aside(services, answer.set_aside, now=now)
