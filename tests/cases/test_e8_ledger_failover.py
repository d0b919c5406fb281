"""The books never say less than was bought, also where a replica that is behind takes the master's place."""

from __future__ import annotations

import pytest
import redis

from shared.domain.money.prices import PriceKind, Prices
from shared.domain.money.purchases import Sums, add_up
from shared.redis.connection import connect
from shared.runtime.clock import ManualClock
from shared.spending.ledger import Ledger
from shared.stores.database import Db
from shared.stores.ledger import LedgerStore
from tests.cases.failover import Pair
from tests.shared.spending.conftest import NOON, call

POST = 5_000  # micro-dollars


@pytest.fixture
def store(mongo_db: Db) -> LedgerStore:
    """The books."""
    return LedgerStore(mongo_db)


class Books:
    """Two processes that record, and the books in MongoDB."""

    def __init__(self, pair: Pair, store: LedgerStore) -> None:
        self.pair, self.store = pair, store
        self.ledgers = [self.ledger(), self.ledger()]
        self.last = 0

    def ledger(self) -> Ledger:
        """The ledger of one process."""
        client = connect(f"redis://127.0.0.1:{self.pair.proxy.port}/0")
        return Ledger(client, self.store, prices=Prices(), clock=ManualClock(NOON))

    def buy(self, calls: int, *, process: int = 0) -> None:
        """So many calls of ten new posts each."""
        for _ in range(calls):
            first, self.last = self.last + 1, self.last + 10
            self.ledgers[process].record(call(*range(first, first + 10), at=NOON))

    def sums(self) -> Sums:
        """What the books say after a copy."""
        self.ledger().copy()
        return add_up(self.store.between(NOON.date(), NOON.date()).values())


@pytest.fixture
def books(pair: Pair, store: LedgerStore) -> Books:
    """Two processes, a replica that has copied what was there."""
    return Books(pair, store)


def behind(books: Books, before: int, after: int) -> None:
    """So many calls that the replica hears of, and so many that it never does, of both processes in turn."""
    for number in range(before):
        books.buy(1, process=number % 2)
    books.pair.follow(1, 0)
    books.pair.behind(1)
    for number in range(after):
        books.buy(1, process=number % 2)


@pytest.mark.parametrize(("before", "after"), [(10, 10), (0, 16), (16, 1), (1, 40)])
def test_what_the_replica_missed_is_told_again(books: Books, before: int, after: int) -> None:
    """Each process tells what it told lately at its next call: every cent and every call is there, once."""
    behind(books, before, after)
    books.pair.lead_to(1)
    for process in (0, 1):
        books.buy(2, process=process)

    sums = books.sums()
    calls = before + after + 4
    assert (sums.calls, sums.bought[PriceKind.POST], sums.micro_usd) == (calls, calls * 10, calls * 10 * POST)


def test_what_was_copied_already_is_not_counted_twice(books: Books) -> None:
    """MongoDB has the sums of the old master: those of the new one are the same day's, and the greater ones stand."""
    behind(books, 5, 5)
    assert books.sums().calls == 10
    books.pair.lead_to(1)
    books.buy(2)
    assert books.sums().calls >= 10
    books.buy(1, process=1)
    books.buy(1, process=1)

    sums = books.sums()
    assert (sums.calls, sums.micro_usd) == (14, 14 * 10 * POST)


def test_looking_at_what_was_bought_tells_again_too(books: Books) -> None:
    """A process that only looks knows what it bought: nothing is bought twice for want of telling."""
    behind(books, 1, 3)
    books.pair.lead_to(1)
    with pytest.raises(Exception, match="cannot be asked"):
        books.ledgers[0].bought(PriceKind.POST, [11])
    books.ledgers[0].bought(PriceKind.POST, [11])

    assert books.ledgers[0].bought(PriceKind.POST, range(1, 41)) == {*range(1, 21), *range(31, 41)}


def test_a_cut_of_the_network_tells_nothing_twice(books: Books) -> None:
    """The same server answers: its sums are what they were."""
    books.buy(5)
    books.pair.lead_to(0)
    books.buy(5)

    assert books.sums().calls == 10


def test_a_reply_that_never_came_is_told_once(books: Books) -> None:
    """The call was written, and nobody heard so: told again under its own id it is known."""
    books.buy(1)
    books.pair.proxy.reset_within_reply(1)
    books.buy(1)
    books.pair.proxy.restore()
    books.buy(1)

    sums = books.sums()
    assert (sums.calls, sums.micro_usd) == (3, 3 * 10 * POST)


def test_a_server_that_was_started_anew_is_told_again(books: Books) -> None:
    """Its append-only file may lack the last second; where it does not, nothing is counted twice."""
    books.buy(6)
    server = books.pair.servers[0]
    server.process.kill()
    server.process.wait()
    server.start_again()
    books.buy(2)

    sums = books.sums()
    assert (sums.calls, sums.micro_usd) == (8, 8 * 10 * POST)


def test_two_failovers_in_a_row(books: Books) -> None:
    """There and back: the first server lacks what only the second one heard."""
    behind(books, 4, 4)
    for number in (1, 0):
        books.pair.lead_to(number)
        for process in (0, 1):
            books.buy(2, process=process)

    assert books.sums().calls == 16


def test_without_the_right_to_ask_nothing_is_told_twice(pair: Pair, store: LedgerStore) -> None:
    """A failover is not noticed then: the books may lack its last second, and are otherwise what they were."""
    pair.client(0).acl_setuser("few", enabled=True, passwords=["+word"], keys=["*"], commands=["+@all", "-info"])
    port = pair.servers[0].url.rpartition(":")[2].partition("/")[0]
    ledger = Ledger(connect(f"redis://few:word@127.0.0.1:{port}/0"), store, prices=Prices(), clock=ManualClock(NOON))
    for number in range(3):
        ledger.record(call(number + 1, at=NOON))
    redis.Redis.from_url(pair.servers[0].url).client_kill_filter(_type="normal")
    ledger.record(call(9, at=NOON))
    ledger.record(call(10, at=NOON))
    ledger.copy()

    assert add_up(store.between(NOON.date(), NOON.date()).values()).calls == 5
