"""A lease on a real Redis: one has it, each key by itself; the rest is tested where a scheduler leads."""

from __future__ import annotations

import redis

from shared.redis.connection import connect
from shared.redis.lease import Lease
from shared.runtime.embedded import free_port
from tests.workers.world import eventually


def test_each_key_is_a_lease_of_its_own(redis_client: redis.Redis) -> None:
    """Who has one may be without another, and only the first to ask has it."""
    first, second, other = (Lease(redis_client, key, lease_seconds=30.0) for key in ("a", "a", "b"))

    assert [first.hold(), second.hold(), other.hold(), first.hold()] == [True, False, True, True]
    assert (first.held, second.held) == (True, False)


def test_a_silent_one_is_replaced_and_a_released_one_at_once(redis_client: redis.Redis) -> None:
    """After its length, or after it was let go of, whoever stands by takes it."""
    silent, standby, third = (Lease(redis_client, "a", lease_seconds=0.2) for _ in range(3))
    assert silent.hold()
    eventually(standby.hold)
    standby.release()

    assert third.hold()
    assert not standby.held


def test_without_redis_nobody_has_it() -> None:
    """It is neither held nor an error, and letting go of it is none."""
    alone = Lease(connect(f"redis://127.0.0.1:{free_port()}/0"), "a", lease_seconds=1.0)

    assert not alone.hold()
    alone.release()
