"""Calls are told to whoever gathers them, as the ledger bills them."""

from __future__ import annotations

import threading

import redis

from shared.domain.models import WorkClass
from shared.domain.money.purchases import PaidCall
from shared.redis.connection import connect
from shared.runtime.embedded import free_port
from shared.spending.attribution import gathered
from shared.spending.ledger import Ledger
from tests.amounts import amounts
from tests.shared.spending.conftest import NOON, call


def test_a_block_gathers_what_its_calls_cost(ledger: Ledger) -> None:
    """What was bought before the block is free in it; calls before and after are not gathered."""
    ledger.record(call(1, 2))
    with gathered() as calls:
        ledger.record(call(2, 3, users=(7,), at=NOON, work_class=WorkClass.BACKFILL))
        ledger.record(call(3))
    ledger.record(call(4))

    assert calls == [
        PaidCall(WorkClass.BACKFILL, NOON, amounts(1, 1), 15_000),
        PaidCall(WorkClass.SEARCH, NOON, amounts(0), 0),
    ]


def test_blocks_of_threads_and_inner_blocks_are_apart(ledger: Ledger) -> None:
    """Each call is told once: to the innermost block of its own thread."""

    def other() -> None:
        ledger.record(call(1))

    with gathered() as outer:
        with gathered() as inner:
            ledger.record(call(2))
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()

    assert ([one.micro_usd for one in inner], outer) == ([5_000], [])


def test_without_redis_all_of_a_call_counts(ledger: Ledger, redis_client: redis.Redis) -> None:
    """As for the limiter: what nobody can look up costs money."""
    away = Ledger(connect(f"redis://127.0.0.1:{free_port()}"), ledger._rows, prices=ledger.prices, clock=ledger._clock)
    ledger.record(call(1))

    with gathered() as calls:
        away.record(call(1))

    assert [one.micro_usd for one in calls] == [5_000]
