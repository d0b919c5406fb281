"""What a source spends of its share is counted with the call, once, and outlives Redis."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import redis

from shared.domain.errors import LimiterUnavailable
from shared.domain.money.prices import Prices
from shared.domain.money.purchases import add_up
from shared.redis.connection import connect
from shared.runtime.clock import ManualClock
from shared.runtime.embedded import free_port
from shared.spending.attribution import charged_to
from shared.spending.ledger import Ledger
from shared.spending.shares import Shares
from shared.stores.database import Db
from shared.stores.ledger import LedgerStore
from shared.stores.shares import ShareStore
from tests.faults.tcp_proxy import TcpProxy
from tests.shared.spending.conftest import NOON, call


@pytest.fixture
def shares(ledger: Ledger, redis_url: str, mongo_db: Db) -> Shares:
    """The sums beside the ledger's."""
    return Shares(connect(redis_url), ShareStore(mongo_db), ledger)


def test_a_share_pays_what_x_bills(ledger: Ledger, shares: Shares, store: LedgerStore) -> None:
    """What was bought before costs nobody anything; what is bought outside of a block is of no share."""
    ledger.record(call(1, at=NOON))
    with charged_to("floods"):
        ledger.record(call(1, 2, users=(7,), at=NOON))
        with charged_to("talk"):
            ledger.record(call(3, at=NOON))
        ledger.record(call(2, 4, at=NOON))
    with charged_to(None):
        ledger.record(call(5, at=NOON))

    assert shares.spent() == {"floods": 15_000 + 5_000, "talk": 5_000}
    assert (shares.spent("floods"), shares.spent("none")) == ({"floods": 20_000}, {})
    ledger.copy()
    assert add_up(store.between(NOON.date(), NOON.date()).values()).micro_usd == 20_000 + 5_000 + 2 * 5_000


def test_a_share_begins_anew_at_midnight_by_xs_clock(ledger: Ledger, shares: Shares) -> None:
    """What is answered after midnight is of the next day."""
    with charged_to("floods"):
        ledger.record(call(1, at=NOON))
        assert shares.spent() == {"floods": 5_000}
        ledger.record(call(2, 3, at=NOON + timedelta(hours=12)))

    assert shares.spent() == {"floods": 10_000}


def test_threads_lose_nothing(ledger: Ledger, shares: Shares) -> None:
    """However many count at once, the sum is that of all."""

    def buy(post_id: int) -> None:
        with charged_to("floods"):
            ledger.record(call(post_id, at=NOON))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(buy, range(1, 201)))

    assert shares.spent() == {"floods": 200 * 5_000}


def test_what_was_copied_outlives_redis(ledger: Ledger, shares: Shares, redis_client: redis.Redis) -> None:
    """A new life of Redis counts on: what is bought again that day counts again, and too little is never shown."""
    with charged_to("floods"):
        ledger.record(call(1, 2, at=NOON))
        shares.copy()
        shares.copy()
        redis_client.flushall()
        assert shares.spent() == shares.copied() == {"floods": 10_000}
        ledger.record(call(1, at=NOON))

    assert shares.spent("floods") == {"floods": 15_000}
    shares.copy()
    assert shares.spent() == shares.copied() == {"floods": 15_000}


def test_a_redis_that_is_behind_shows_no_less(ledger: Ledger, shares: Shares, redis_client: redis.Redis) -> None:
    """After a failover to a server that missed the last of it, what was copied still counts."""
    with charged_to("floods"):
        ledger.record(call(1, 2, 3, at=NOON))
    shares.copy()
    (key,) = redis_client.keys("*:shares")
    redis_client.hset(key, "floods", 5_000)

    assert shares.spent() == {"floods": 15_000}


def test_a_call_that_is_told_later_is_charged_then(
    store: LedgerStore, shares: Shares, redis_url: str, clock: ManualClock
) -> None:
    """A call that was made while Redis was away is of the same share when it is told, with the next call."""
    with TcpProxy(urlsplit(redis_url).port or 0) as proxy:
        ledger = Ledger(connect(f"redis://127.0.0.1:{proxy.port}/0"), store, prices=Prices(), clock=clock)
        with charged_to("floods"):
            proxy.cut()
            ledger.record(call(1, at=NOON))
            proxy.restore()

        ledger.record(call(2, at=NOON))

    assert shares.spent() == {"floods": 5_000}


def test_the_sums_leave_redis_by_themselves(ledger: Ledger, redis_client: redis.Redis, clock: ManualClock) -> None:
    """The key of a day has an end, a week after the last call."""
    with charged_to("floods"):
        ledger.record(call(1, at=NOON))

    (key,) = redis_client.keys("*:shares")
    assert 6 * 86_400 < redis_client.ttl(key) <= 7 * 86_400


def test_without_redis_nobody_knows(mongo_db: Db, clock: ManualClock) -> None:
    """Neither 0 nor what was copied is taken for what was spent."""
    away = Shares(connect(f"redis://127.0.0.1:{free_port()}"), ShareStore(mongo_db), clock)

    with pytest.raises(LimiterUnavailable):
        away.spent()
