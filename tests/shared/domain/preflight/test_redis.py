"""What Redis must be like."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.preflight.finding import Check, Level
from shared.domain.preflight.redis import OLDEST, RedisFacts, judge_redis

GOOD = RedisFacts(
    version=(7, 4, 1), role="master", policy="noeviction", has_aof=True, fsync="everysec", has_snapshots=False
)


def levels(facts: RedisFacts) -> dict[Check, Level]:
    """The level of each check that was made."""
    return {finding.check: finding.level for finding in judge_redis(facts)}


def faults(facts: RedisFacts) -> dict[Check, Level]:
    """The checks that are not well."""
    return {check: level for check, level in levels(facts).items() if level is not Level.OK}


def test_a_good_one_has_no_fault() -> None:
    """Every check of Redis is made, and each is well."""
    assert faults(GOOD) == {}
    assert set(levels(GOOD)) == {check for check in Check if check.value.startswith("redis_")} - {Check.REDIS_CLOCK}


def test_one_that_is_away_has_one_finding() -> None:
    """Nothing else can be said of it."""
    [finding] = judge_redis(RedisFacts(away="no connection"))

    assert finding.ends_a_start
    assert "no connection" in finding.message


def test_a_cluster_is_refused_whatever_else_it_is() -> None:
    """One error that ends a start, and no word on what follows from it."""
    facts = replace(GOOD, is_cluster=True, policy="allkeys-lru", denied=("HSET",))

    assert faults(facts) == {Check.REDIS_CLUSTER: Level.ERROR}


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-lfu", "volatile-lru", "volatile-ttl", "volatile-random"])
def test_a_policy_that_throws_keys_away_is_an_error(policy: str) -> None:
    """It is named, with what to set instead."""
    [finding] = [one for one in judge_redis(replace(GOOD, policy=policy)) if one.check is Check.REDIS_EVICTION]

    assert finding.ends_a_start
    assert policy in finding.message
    assert "noeviction" in finding.todo


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"role": "slave"}, {Check.REDIS_ROLE: Level.ERROR}),
        ({"role": None}, {}),
        ({"policy": None}, {Check.REDIS_EVICTION: Level.WARNING}),
        ({"denied": ("EVALSHA",)}, {Check.REDIS_RIGHTS: Level.ERROR}),
        ({"may_ask_info": False}, {Check.REDIS_INFO: Level.WARNING}),
        ({"fsync": "no"}, {Check.REDIS_PERSISTENCE: Level.WARNING}),
        ({"fsync": "always"}, {}),
        ({"fsync": None}, {}),
        ({"has_aof": False, "has_snapshots": True}, {Check.REDIS_PERSISTENCE: Level.WARNING}),
        ({"has_aof": False, "has_snapshots": False}, {Check.REDIS_PERSISTENCE: Level.WARNING}),
        ({"has_aof": None, "has_snapshots": None}, {Check.REDIS_PERSISTENCE: Level.WARNING}),
    ],
)
def test_each_fault_has_its_level(change: dict[str, object], expected: dict[Check, Level]) -> None:
    """Where something is wrong or not known, that one check says so and no other."""
    assert faults(replace(GOOD, **change)) == expected  # type: ignore[arg-type]


@given(st.tuples(*[st.integers(0, 20)] * 3))
def test_versions_are_compared_as_numbers(version: tuple[int, int, int]) -> None:
    """Exactly those before 6.2 are too old, 6.10 is not."""
    is_old = Check.REDIS_VERSION in faults(replace(GOOD, version=version))

    assert is_old == (version < OLDEST)


def test_many_denied_commands_are_counted() -> None:
    """A line stays a line however much the user may not do."""
    facts = replace(GOOD, denied=tuple(f"C{number}" for number in range(30)))
    [finding] = [one for one in judge_redis(facts) if one.check is Check.REDIS_RIGHTS]

    assert "and 24 more" in finding.message
