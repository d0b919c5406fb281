"""Reads what a Redis is like, for `shared/domain/preflight/redis.py` to judge.

Owns the list of commands that Covey sends. It leaves nothing in Redis: what it writes to find out whether it may, it
deletes in the same round trip. Invariant: what the user may not ask for is unknown (None), never an error.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

import redis
from redis.exceptions import AuthenticationError, ClusterDownError, ClusterError, NoPermissionError, ResponseError

from shared.domain.preflight.redis import RedisFacts
from shared.runtime.clock import from_epoch_seconds

T = TypeVar("T")

# How long a server may take to come up before it counts as away, and the pause between two looks.
PATIENCE_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.25

_KEY: Final = "covey:preflight"
_OTHER: Final = "covey:preflight:other"
# Every command that Covey sends, its Lua scripts included, each in a form that changes nothing for long: what would
# create the key stands before a DEL. INFO and CONFIG GET are wanted, and done without.
NEEDED: Final[tuple[tuple[str | int, ...], ...]] = (
    ("PING",),
    ("TIME",),
    ("SET", _KEY, "1"),
    ("GET", _KEY),
    ("EXPIRE", _KEY, 10),
    ("PEXPIRE", _KEY, 10_000),
    ("PTTL", _KEY),
    ("DEL", _KEY),
    ("HSET", _KEY, "field", "1"),
    ("HSETNX", _KEY, "field", "1"),
    ("HINCRBY", _KEY, "field", 1),
    ("HGET", _KEY, "field"),
    ("HMGET", _KEY, "field"),
    ("HGETALL", _KEY),
    ("HLEN", _KEY),
    ("HDEL", _KEY, "field"),
    ("DEL", _KEY),
    ("SADD", _KEY, "1"),
    ("SISMEMBER", _KEY, "1"),
    ("SMEMBERS", _KEY),
    ("DEL", _KEY),
    ("ZADD", _KEY, 1, "member"),
    ("ZCARD", _KEY),
    ("ZCOUNT", _KEY, 0, 1),
    ("ZRANGE", _KEY, 0, 0),
    ("ZRANGEBYSCORE", _KEY, 0, 1),
    ("ZSCORE", _KEY, "member"),
    ("ZREMRANGEBYSCORE", _KEY, 0, 0),
    ("ZREM", _KEY, "member"),
    ("DEL", _KEY),
    ("EVAL", "return 1", 1, _KEY),
    ("EVALSHA", "0" * 40, 1, _KEY),
    ("SCRIPT LOAD", "return 1"),
    ("SCRIPT EXISTS", "0" * 40),
)


@dataclass(frozen=True, slots=True)
class RedisReading:
    """The facts, and how far the server's clock is ahead of ours; None where it could not be asked."""

    facts: RedisFacts
    ahead_seconds: float | None = None


def probe(
    client: redis.Redis, now: Callable[[], datetime], *, patience_seconds: float = PATIENCE_SECONDS
) -> RedisReading:
    """Read everything in a few round trips, once the server answers. Raises nothing that Redis does wrong."""
    away = _await(client, patience_seconds)
    if away is not None:
        return RedisReading(RedisFacts(away=away))
    try:
        return _read(client, now)
    except (redis.RedisError, OSError) as error:
        return RedisReading(RedisFacts(away=_words(error)))


def evictable(client: redis.Redis) -> bool | None:
    """Whether this Redis may throw keys away; None where the user may not ask. Raises redis.RedisError."""
    policy = _policy(_info(client, "memory"), client)
    return None if policy is None else policy != "noeviction"


def answers(client: redis.Redis) -> bool:
    """Whether this Redis takes our requests at all."""
    try:
        return bool(client.ping())
    except NoPermissionError:
        return True
    except (redis.RedisError, OSError):
        return False


def evicted_keys(client: redis.Redis) -> int | None:
    """How many keys were thrown away since it started; None where the user may not ask. Raises redis.RedisError."""
    stats = _info(client, "stats")
    return None if stats is None else int(stats.get("evicted_keys", 0))


def memory_bytes(client: redis.Redis) -> int | None:
    """What the data take; None where the user may not ask. Raises redis.RedisError."""
    memory = _info(client, "memory")
    return None if memory is None else int(memory.get("used_memory", 0))


def memory_used_ratio(client: redis.Redis) -> float | None:
    """How full Redis is: 1 = full, 0 without a limit; None where the user may not ask. Raises redis.RedisError."""
    memory = _info(client, "memory")
    if memory is None:
        return None
    limit = memory.get("maxmemory") or 0
    return float(memory.get("used_memory", 0) / limit) if limit else 0.0


def _await(client: redis.Redis, patience_seconds: float) -> str | None:
    """Wait until the server answers at all; why it did not. What refuses the login is not asked twice."""
    deadline, pause = time.monotonic() + patience_seconds, threading.Event()
    while True:
        try:
            client.ping()
            return None
        except (AuthenticationError, NoPermissionError) as error:
            return None if isinstance(error, NoPermissionError) else _words(error)
        except (redis.RedisError, OSError) as error:
            if time.monotonic() + _PAUSE_SECONDS >= deadline:
                return _words(error)
        pause.wait(_PAUSE_SECONDS)


def _read(client: redis.Redis, now: Callable[[], datetime]) -> RedisReading:
    server, memory, persistence, replication = (
        _info(client, section) for section in ("server", "memory", "persistence", "replication")
    )
    version = (server or {}).get("redis_version")
    facts = RedisFacts(
        version=None if version is None else tuple(int(part) for part in str(version).split(".") if part.isdigit()),
        denied=_denied(client),
        may_ask_info=server is not None,
        is_cluster=_is_cluster(client, server),
        role=(replication or {}).get("role"),
        policy=_policy(memory, client),
        has_aof=None if persistence is None else bool(persistence.get("aof_enabled")),
        fsync=_config(client, "appendfsync"),
        has_snapshots=None if (save := _config(client, "save")) is None else bool(save),
    )
    return RedisReading(facts, _ahead_seconds(client, now))


def _info(client: redis.Redis, section: str) -> dict[str, Any] | None:
    found: Any = _allowed(lambda: client.info(section))
    return None if found is None else dict(found)


def _policy(memory: dict[str, Any] | None, client: redis.Redis) -> str | None:
    return (memory or {}).get("maxmemory_policy") or _config(client, "maxmemory-policy")


def _config(client: redis.Redis, name: str) -> str | None:
    found: Any = _allowed(lambda: client.config_get(name))
    return None if found is None else found.get(name)


def _is_cluster(client: redis.Redis, server: dict[str, Any] | None) -> bool:
    """By INFO; without it by what a cluster says of two keys in different slots."""
    if server is not None and server.get("redis_mode") is not None:
        return bool(server["redis_mode"] == "cluster")
    try:
        _allowed(lambda: client.eval("return 1", 2, _KEY, _OTHER))
    except (ClusterError, ClusterDownError):
        return True
    except ResponseError as error:
        return "CROSSSLOT" in str(error) or "same slot" in str(error)
    return False


def _denied(client: redis.Redis) -> tuple[str, ...]:
    """The needed commands that the user may not run, or not on our keys."""
    with client.pipeline(transaction=False) as pipeline:
        for command in NEEDED:
            pipeline.execute_command(*command)  # type: ignore[no-untyped-call]
        replies = pipeline.execute(raise_on_error=False)
    denied = [str(NEEDED[place][0]) for place, reply in enumerate(replies) if isinstance(reply, NoPermissionError)]
    return tuple(dict.fromkeys(denied))


def _ahead_seconds(client: redis.Redis, now: Callable[[], datetime]) -> float | None:
    """The server's time less ours in the middle of the round trip."""
    before = now()
    told: Any = _allowed(client.time)
    if told is None:
        return None
    middle = before + (now() - before) / 2
    return (from_epoch_seconds(told[0] + told[1] / 1e6) - middle).total_seconds()


def _allowed(ask: Callable[[], T]) -> T | None:
    """The answer; None where the user may not ask, or the server (a managed one) does not know the command."""
    try:
        return ask()
    except NoPermissionError:
        return None
    except ResponseError as error:
        if "unknown command" in str(error).lower():
            return None
        raise


def _words(error: Exception) -> str:
    """The fault in a few words, without the address: a URL may hold a password."""
    if isinstance(error, AuthenticationError):
        return "it does not take the user or the password of REDIS_URL"
    return f"{type(error).__name__}: {str(error)[:200].rstrip('.')}"
