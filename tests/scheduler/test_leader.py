"""The leader lease on a real Redis: one leads, another takes over, and nobody leads without Redis."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import redis

from scheduler.leader import LEASE_KEY, Leader
from shared.redis.connection import connect
from shared.runtime.embedded import free_port, start_redis
from tests.workers.world import eventually

LONG, SHORT = 30.0, 0.2


def leader(client: redis.Redis, name: str = "a", lease_seconds: float = LONG) -> Leader:
    """A scheduler's claim to lead."""
    return Leader(client, name=name, lease_seconds=lease_seconds)


def test_one_of_two_leads(redis_client: redis.Redis) -> None:
    """The first to ask leads for as long as it asks, the other stands by."""
    first, second = leader(redis_client, "a"), leader(redis_client, "b")

    assert [first.hold(), second.hold(), first.hold(), second.hold()] == [True, False, True, False]


def test_a_silent_leader_is_replaced_and_stands_by_when_it_wakes(redis_client: redis.Redis) -> None:
    """After the lease the standby leads; the former leader learns it at its next look, though it believed to lead."""
    silent, standby = leader(redis_client, "a", SHORT), leader(redis_client, "b")
    assert silent.hold()

    eventually(standby.hold)

    assert silent.leads
    assert not silent.hold()
    assert not silent.leads
    assert standby.hold()


def test_renewing_keeps_the_lease_beyond_its_length(redis_client: redis.Redis) -> None:
    """Each look sets the lease to its whole length again."""
    keeper = leader(redis_client, "a", LONG)
    keeper.hold()
    redis_client.pexpire(LEASE_KEY, 1000)

    keeper.hold()

    assert redis_client.pttl(LEASE_KEY) > 20_000


def test_resigning_frees_the_lease_at_once(redis_client: redis.Redis) -> None:
    """A standby leads at its next look after the leader stopped."""
    first, second = leader(redis_client, "a"), leader(redis_client, "b")
    first.hold()

    first.resign()

    assert not first.leads
    assert second.hold()


def test_a_standby_that_resigns_takes_no_lease_from_the_leader(redis_client: redis.Redis) -> None:
    """Stopping a scheduler that does not lead, or no longer, changes nothing for the one that does."""
    former, present = leader(redis_client, "a", SHORT), leader(redis_client, "b")
    former.hold()
    eventually(present.hold)

    former.resign()
    leader(redis_client, "c").resign()

    assert present.hold()


def test_of_many_that_ask_at_once_one_leads(redis_client: redis.Redis) -> None:
    """In every round of eight schedulers that ask together in a random order exactly one leads."""
    rng = random.Random(5)
    leaders = [leader(redis_client, str(number)) for number in range(8)]
    with ThreadPoolExecutor(len(leaders)) as pool:
        for _ in range(30):
            rng.shuffle(leaders)
            assert sum(pool.map(Leader.hold, leaders)) == 1
            if rng.random() < 0.3:
                redis_client.delete(LEASE_KEY)


def test_without_redis_nobody_leads_and_nothing_is_raised() -> None:
    """A scheduler whose Redis cannot be reached stands by, and can be stopped."""
    alone = leader(connect(f"redis://127.0.0.1:{free_port()}/0"))

    assert not alone.hold()
    alone.resign()


def test_a_leader_leads_on_when_redis_comes_back(tmp_path: Path) -> None:
    """A restart of Redis within the lease does not make its owner wait for the end of its own lease."""
    port = free_port()
    server = start_redis(tmp_path, port=port)
    owner = leader(connect(server.url))
    assert owner.hold()
    server.stop()
    assert not owner.hold()

    server = start_redis(tmp_path, port=port)
    try:
        assert owner.hold()
    finally:
        server.stop()
