"""A master that was demoted and lives on, behind one address: broker, limiter and ledger find its successor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis
from dramatiq.errors import ConnectionClosed

from shared.broker import CoveyBroker
from shared.domain.errors import LimiterUnavailable
from shared.domain.money.prices import PriceKind, Prices
from shared.ratelimit.limiter import Limiter
from shared.redis.connection import connect
from shared.runtime.clock import ManualClock
from shared.runtime.embedded import start_redis
from shared.spending.ledger import Ledger
from tests.faults.tcp_proxy import TcpProxy
from tests.shared.broker.conftest import QUEUE, make_message
from tests.shared.ratelimit.calls import grant
from tests.shared.spending.conftest import call

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Rows:
    """A ledger's rows for nobody."""

    def keep(self, rows: Any) -> None:
        """Forget them."""


def of_broker(client: redis.Redis) -> Callable[[], object]:
    """Enqueues a message."""
    broker = CoveyBroker(client, middleware=[])
    broker.declare_queue(QUEUE)
    return lambda: broker.enqueue(make_message())


def of_many(client: redis.Redis) -> Callable[[], object]:
    """Enqueues several, in one round trip."""
    broker = CoveyBroker(client, middleware=[])
    numbers = iter(range(100))
    return lambda: broker.enqueue_many_once(
        [(make_message(), str(next(numbers)), None) for _ in range(3)], dedup_ttl_ms=1
    )


def of_limiter(client: redis.Redis) -> Callable[[], object]:
    """Takes a grant; each with a credential of its own, so that no window is in the way."""
    limiter = Limiter(client)
    numbers = iter(range(100))
    return lambda: grant(limiter, credential_ids=(f"app{next(numbers)}",))


@pytest.fixture
def failover(tmp_path: Path) -> Iterator[tuple[redis.Redis, Callable[[], None]]]:
    """A client behind an address, and what demotes its master and points the address at another one."""
    old, new = start_redis(tmp_path / "old"), start_redis(tmp_path / "new")
    ports = [int(server.url.rpartition(":")[2].partition("/")[0]) for server in (old, new)]

    def fail_over() -> None:
        proxy.point_at(ports[1])
        with redis.Redis(port=ports[0]) as admin:
            admin.replicaof("127.0.0.1", ports[1])

    try:
        with TcpProxy(ports[0]) as proxy, connect(f"redis://127.0.0.1:{proxy.port}/0") as client:
            yield client, fail_over
    finally:
        for server in (old, new):
            server.process.kill()  # a replica that was promoted may take 20 s to end in order
            server.stop()


@pytest.mark.parametrize("make", [of_broker, of_many, of_limiter])
def test_the_next_call_finds_the_new_master(
    failover: tuple[redis.Redis, Callable[[], None]], make: Callable[[redis.Redis], Callable[[], object]]
) -> None:
    """One call at most is answered by the demoted server; the one after it is done by its successor."""
    client, fail_over = failover
    do = make(client)
    do()

    fail_over()

    with pytest.raises((ConnectionClosed, LimiterUnavailable), match="READONLY"):
        do()
    do()


def test_the_ledger_loses_no_call(failover: tuple[redis.Redis, Callable[[], None]]) -> None:
    """What the demoted server did not take is told to its successor with the next call."""
    client, fail_over = failover
    ledger = Ledger(client, Rows(), prices=Prices(), clock=ManualClock(NOON))
    ledger.record(call(1, at=NOON))

    fail_over()
    ledger.record(call(2, at=NOON))
    ledger.record(call(3, at=NOON))

    assert ledger.bought(PriceKind.POST, [2, 3]) == {2, 3}
