"""Why a process cannot do its work now: a server that is away, no credential that may be used.

Asked by whoever routes or watches, every few seconds; costs a round trip a server and at most a few seconds. Each
answer is a sentence without anything secret.
"""

from __future__ import annotations

from typing import Final

from shared.domain.errors import CoveyError
from shared.redis import probe as redis_probe
from shared.services.bootstrap import Services
from shared.stores import probe as mongo_probe

REDIS_AWAY: Final = "Redis cannot be reached"
MONGO_AWAY: Final = "MongoDB cannot be reached"


def unready(services: Services, *, asks_x: bool) -> list[str]:
    """The reasons, none when all is well. asks_x: whether the process needs a credential of X."""
    away = [] if redis_probe.answers(services.broker.client) else [REDIS_AWAY]
    away += [] if mongo_probe.answers(services.stores) else [MONGO_AWAY]
    return away or (_credentials(services) if asks_x else [])


def _credentials(services: Services) -> list[str]:
    try:
        states = services.credentials.states()
    except CoveyError:
        return [MONGO_AWAY]
    if any(one.state.ends_by_itself for one in states):
        return []
    return ["no credential of X can be used; see covey credentials list"]
