"""What is read of a real Redis, well set up and otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from importlib import resources
from pathlib import Path

import pytest
import redis

from shared.redis.connection import connect
from shared.redis.probe import NEEDED, RedisReading, evictable, memory_used_ratio, probe
from shared.runtime.clock import ManualClock, SystemClock
from shared.runtime.embedded import free_port
from tests.cases.servers import redis_with

NOW = SystemClock().now


def reading(url: str, **options: float) -> RedisReading:
    """What is read of a server."""
    with connect(url) as client:
        return probe(client, NOW, **options)


@pytest.fixture
def acl(redis_client: redis.Redis, redis_url: str) -> Iterator[str]:
    """The address of the session's Redis for the user `limited`, who may do what a test lets him."""
    yield redis_url.replace("redis://", "redis://limited:word@")
    redis_client.execute_command("ACL", "DELUSER", "limited")


def let(client: redis.Redis, *rights: str) -> None:
    """Give `limited` these rights and no other."""
    client.execute_command("ACL", "SETUSER", "limited", "reset", "on", ">word", *rights)


def test_everything_is_read_and_nothing_is_left(redis_client: redis.Redis, redis_url: str) -> None:
    """Of a Redis that is set up as ours is, every fact is known; no key stays behind."""
    found = reading(redis_url)

    facts = found.facts
    assert facts.version is not None
    assert facts.version >= (6, 2)
    assert (facts.away, facts.denied, facts.may_ask_info, facts.is_cluster) == (None, (), True, False)
    assert (facts.role, facts.policy) == ("master", "noeviction")
    assert (facts.has_aof, facts.fsync, facts.has_snapshots) == (True, "everysec", False)
    assert found.ahead_seconds == pytest.approx(0, abs=1)
    assert redis_client.keys() == []


def test_a_clock_that_is_off_is_measured(redis_url: str) -> None:
    """The difference is that of the server to us: ahead when we are behind."""
    behind = ManualClock(NOW() - timedelta(seconds=90))

    with connect(redis_url) as client:
        found = probe(client, behind.now)

    assert found.ahead_seconds == pytest.approx(90, abs=2)


def test_one_that_is_away_is_waited_for_and_then_named() -> None:
    """The reason is in the facts, and the whole takes no longer than it may."""
    facts = reading(f"redis://:hunter2@127.0.0.1:{free_port()}/0", patience_seconds=0.3).facts

    assert facts.away is not None
    assert "refused" in facts.away
    assert "hunter2" not in facts.away


def test_a_wrong_password_is_told_without_it(redis_client: redis.Redis, acl: str) -> None:
    """And at once: waiting would not mend it."""
    let(redis_client, "+@all", "~*")

    facts = reading(acl.replace("word", "hunter2"), patience_seconds=60).facts

    assert facts.away == "it does not take the user or the password of REDIS_URL"


def test_what_the_user_may_not_run_is_listed(redis_client: redis.Redis, acl: str) -> None:
    """Commands he lacks, in the order in which they are tried."""
    let(redis_client, "~covey:*", "+@all", "-zadd", "-hsetnx")

    facts = reading(acl).facts

    assert facts.denied == ("HSETNX", "ZADD")
    assert facts.may_ask_info


def test_foreign_keys_are_of_no_use(redis_client: redis.Redis, acl: str) -> None:
    """A user of other keys than ours may not run what has a key."""
    let(redis_client, "~other:*", "+@all")

    denied = reading(acl).facts.denied

    assert {"HSET", "EVAL", "GET"} <= set(denied)
    assert "PING" not in denied


def test_what_the_user_may_not_ask_is_unknown(redis_client: redis.Redis, acl: str) -> None:
    """Without INFO and CONFIG nothing is guessed, and nothing fails."""
    let(redis_client, "~covey:*", "+@all", "-info", "-config")

    facts = reading(acl).facts

    assert not facts.may_ask_info
    assert facts.denied == ()
    assert (facts.version, facts.role, facts.policy, facts.has_aof, facts.fsync) == (None,) * 5
    with connect(acl) as client:
        assert evictable(client) is None
        assert memory_used_ratio(client) is None


def test_a_replica_is_seen_as_one(redis_url: str, tmp_path: Path) -> None:
    """It says whose it is by its role; that it takes no writes hides nothing else."""
    port = redis_url.rpartition(":")[2].partition("/")[0]
    with redis_with(tmp_path, "--replicaof", "127.0.0.1", port) as url:
        facts = reading(url).facts

    assert facts.role == "slave"
    assert facts.denied == ()


@pytest.mark.parametrize(("options", "expected"), [(("--save", "60", "1"), True), (("--save", ""), False)])
def test_snapshots_are_told_apart_from_nothing(options: tuple[str, ...], expected: bool, tmp_path: Path) -> None:
    """A Redis without an append-only file may keep snapshots, or nothing."""
    with redis_with(tmp_path, *options) as url:
        facts = reading(url).facts

    assert (facts.has_aof, facts.has_snapshots) == (False, expected)


def test_every_command_of_a_script_is_tried() -> None:
    """What the Lua scripts call is in the list of what the user must be allowed."""
    tried = {str(command[0]) for command in NEEDED}
    called = {
        name
        for package in ("shared.broker", "shared.ratelimit", "shared.spending")
        for file in (resources.files(package) / "lua").iterdir()
        for name in re.findall(r"redis\.p?call\('([A-Z]+)'", file.read_text())
    }

    assert called
    assert called <= tried
