"""What an error of Redis means, told by its class or its code, never by a version's sentence.

    away      Redis cannot do it now (no connection, demoted, full, loading ..): the same call may work later
    refused   Redis will not do it (NOPERM, CROSSSLOT, WRONGTYPE, a wrong password ..): a person must act

A code is the first word of an error reply. Inside a script Redis 7 passes it on; Redis 6 wraps it into a sentence of
its own, in which it stands behind a dash.
"""

from __future__ import annotations

import re
from typing import Final

import redis
from redis import exceptions

from shared.domain.errors import RedisRefused
from shared.runtime.reaching import why_away

READONLY: Final = "READONLY"
# What passes by itself. MISCONF: a snapshot could not be written; NOREPLICAS: too few replicas are connected.
_PASSING: Final = frozenset(
    {READONLY, "OOM", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY", "NOREPLICAS", "MISCONF"}
)
# redis-py takes the code off the message where it has a class for it.
_CODES: Final[dict[type[redis.RedisError], str]] = {
    exceptions.ReadOnlyError: READONLY,
    exceptions.OutOfMemoryError: "OOM",
    exceptions.BusyLoadingError: "LOADING",
    exceptions.MasterDownError: "MASTERDOWN",
    exceptions.ClusterDownError: "CLUSTERDOWN",
    exceptions.TryAgainError: "TRYAGAIN",
    exceptions.NoPermissionError: "NOPERM",
    exceptions.NoScriptError: "NOSCRIPT",
    exceptions.ClusterCrossSlotError: "CROSSSLOT",
}
_FIRST_WORD: Final = re.compile(r"^-?([A-Z]{3,})\b")
_WRAPPED: Final = re.compile(r"@user_script:.*?: -([A-Z]{3,})\b")


class RedisAway(Exception):
    """Redis cannot do it now; the message says why, without the address."""


def code_of(error: BaseException) -> str:
    """The code of an error reply; empty for an error that is none."""
    for kind, code in _CODES.items():
        if isinstance(error, kind):
            return code
    if not isinstance(error, redis.ResponseError):
        return ""
    found = _WRAPPED.search(str(error)) or _FIRST_WORD.match(str(error))
    return found[1] if found else "ERR"


def meaning(error: Exception) -> RedisAway | RedisRefused:
    """The error to raise from one of redis-py or of the system."""
    code = code_of(error)
    if code in _PASSING:
        return RedisAway(f"Redis answers {code}")
    if isinstance(error, redis.AuthenticationError):
        return RedisRefused("Redis refuses", "the login is not accepted")
    if code:
        return RedisRefused("Redis refuses", f"{code}: {error}")
    return RedisAway(f"{type(error).__name__}: {why_away(error)}")
