"""Redis: what it must be like, and what follows where it is not. Pure.

It holds the queue and the limiter, which can be rebuilt, and what was bought today, which cannot: what Redis throws
away is bought again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.domain.preflight.finding import Check, Finding, error, ok, warning

Version = tuple[int, ...]

# The oldest that is tested; its scripts may read the clock and then write, and its ACLs know subcommands.
OLDEST: Final[Version] = (6, 2)
SAFE_POLICY: Final = "noeviction"
RIGHTS_PAGE: Final = "docs/security.md"
NAMED: Final = 6  # commands that a finding names; of more it tells the count


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisFacts:
    """What was read of a Redis; None: it could not be.

    away: why it cannot be reached. denied: commands that the user may not run and Covey needs. may_ask_info: whether
    the user may run INFO. fsync: `appendfsync`. has_snapshots: whether `save` names a rhythm.
    """

    away: str | None = None
    version: Version | None = None
    denied: tuple[str, ...] = ()
    may_ask_info: bool = True
    is_cluster: bool = False
    role: str | None = None
    policy: str | None = None
    has_aof: bool | None = None
    fsync: str | None = None
    has_snapshots: bool | None = None


def judge_redis(facts: RedisFacts) -> list[Finding]:
    """The findings about Redis; one only where it cannot be reached, or is a cluster."""
    if facts.away is not None:
        todo = "see that it runs, and check REDIS_URL, its password and the network between"
        return [error(Check.REDIS_REACHABLE, f"Redis cannot be used: {facts.away}", todo)]
    reached = ok(Check.REDIS_REACHABLE, "Redis answers")
    if facts.is_cluster:
        return [reached, _cluster()]
    found = [reached, _rights(facts), _info(facts), ok(Check.REDIS_CLUSTER, "Redis is no cluster")]
    if facts.version is not None:
        found.append(_version(facts.version))
    if facts.role is not None:
        found.append(_role(facts.role))
    return [*found, _eviction(facts.policy), _persistence(facts)]


def _cluster() -> Finding:
    message = "Redis is a cluster, and each of Covey's scripts uses keys of several slots"
    return error(Check.REDIS_CLUSTER, message, "point REDIS_URL at a Redis without cluster mode; Sentinel is supported")


def _version(version: Version) -> Finding:
    text = ".".join(map(str, version))
    if version < OLDEST:
        return error(Check.REDIS_VERSION, f"Redis {text} is too old", "use Redis 6.2 or later")
    return ok(Check.REDIS_VERSION, f"Redis {text}")


def _rights(facts: RedisFacts) -> Finding:
    if facts.denied:
        names = ", ".join(facts.denied[:NAMED])
        rest = f" and {len(facts.denied) - NAMED} more" if len(facts.denied) > NAMED else ""
        message = f"the Redis user may not run {names}{rest} on keys covey:*"
        return error(Check.REDIS_RIGHTS, message, f"give it the rights listed in {RIGHTS_PAGE}")
    return ok(Check.REDIS_RIGHTS, "the Redis user may run every command that is needed")


def _info(facts: RedisFacts) -> Finding:
    if facts.may_ask_info:
        return ok(Check.REDIS_INFO, "the Redis user may run INFO")
    message = (
        "the Redis user may not run INFO: eviction, persistence and role stay unknown, and a restart of Redis that lost"
        " its last second is not noticed"
    )
    return warning(Check.REDIS_INFO, message, "add +info to the user")


def _role(role: str) -> Finding:
    if role != "master":
        todo = "point REDIS_URL at the master, or at the sentinels: sentinel://"
        return error(Check.REDIS_ROLE, f"this Redis is no master (role:{role}) and takes no writes", todo)
    return ok(Check.REDIS_ROLE, "this Redis is a master")


def _eviction(policy: str | None) -> Finding:
    todo = f"set maxmemory-policy {SAFE_POLICY}"
    if policy is None:
        return warning(Check.REDIS_EVICTION, "whether Redis throws keys away when it is full is not known", todo)
    if policy != SAFE_POLICY:
        message = (
            f"Redis throws keys away when it is full (maxmemory-policy {policy}), what was bought today among them,"
            " which is then bought again"
        )
        return error(Check.REDIS_EVICTION, message, todo)
    return ok(Check.REDIS_EVICTION, "a full Redis refuses new work and forgets nothing (noeviction)")


def _persistence(facts: RedisFacts) -> Finding:
    advice = "use appendonly yes and appendfsync everysec"
    if facts.has_aof:
        if facts.fsync == "no":
            message = "Redis never syncs its append-only file: a crash of the machine may lose half a minute"
            return warning(Check.REDIS_PERSISTENCE, message, "set appendfsync everysec")
        return ok(Check.REDIS_PERSISTENCE, "Redis writes an append-only file")
    rest = "outstanding work is sent again from MongoDB, but what was bought today is forgotten and bought again"
    if facts.has_aof is None:
        return warning(Check.REDIS_PERSISTENCE, "whether Redis keeps its data on disk is not known", advice)
    if facts.has_snapshots:
        message = f"Redis keeps snapshots only: after a crash the time since the last one is lost; {rest}"
        return warning(Check.REDIS_PERSISTENCE, message, advice)
    kept = "keeps nothing on disk" if facts.has_snapshots is False else "has no append-only file"
    return warning(Check.REDIS_PERSISTENCE, f"Redis {kept}: after a restart {rest}", advice)
