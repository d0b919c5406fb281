"""What was bought is counted once a UTC day by X's clock, whoever tells it, in any order and however often."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.errors import LimiterUnavailable
from shared.domain.models import WorkClass
from shared.domain.money.prices import Amounts, PriceKind, Prices
from shared.domain.money.purchases import CallResult, Purchase, Sums, add_up
from shared.redis.connection import connect
from shared.runtime.clock import ManualClock
from shared.runtime.embedded import free_port
from shared.spending.ledger import COPIED_DAYS, MAX_UNTOLD, Ledger
from shared.stores.database import Db
from shared.stores.database import connect as connect_database
from shared.stores.ledger import LedgerStore
from tests.amounts import amounts
from tests.faults.tcp_proxy import TcpProxy
from tests.shared.spending.conftest import NOON, call

DAY = NOON.date()
ids = st.frozensets(st.integers(0, 12) | st.sampled_from([2**53 + 1, 2**63 - 1, 2**63, 10**19 - 1]), max_size=6)
moments = st.integers(0, 47).map(lambda hour: datetime(2026, 11, 10, tzinfo=UTC) + timedelta(hours=hour))
purchases = st.builds(
    Purchase,
    endpoint=st.sampled_from(["search/recent", "tweets"]),
    credential_id=st.sampled_from(["app", "user:1"]),
    work_class=st.sampled_from(WorkClass),
    result=st.just(CallResult.ANSWERED),
    object_ids=st.fixed_dictionaries({PriceKind.POST: ids, PriceKind.USER: ids}),
    at=moments,
)


def sums_of(ledger: Ledger, store: LedgerStore, day: date = DAY) -> Sums:
    """The sums of a day in MongoDB, after a copy."""
    ledger.copy()
    return add_up(store.between(day, day).values())


def test_an_object_costs_money_once_a_day(ledger: Ledger, store: LedgerStore) -> None:
    """The second answer with the same post is free, a new one beside it is not."""
    first = ledger.record(call(1, 2, users=(1,), at=NOON))
    second = ledger.record(call(2, 3, users=(1,), at=NOON))

    assert (first, second) == (amounts(2, 1), amounts(1))
    total = sums_of(ledger, store)
    assert (total.calls, total.bought, total.reread) == (2, amounts(3, 1), amounts(1, 1))
    assert total.micro_usd == 3 * 5_000 + 10_000
    assert total.hours[12] == total.micro_usd == sum(total.hours)


def test_midnight_by_xs_clock_starts_anew(ledger: Ledger, store: LedgerStore) -> None:
    """The day of a call is that of X's Date, wherever our own clock stands."""
    before = datetime(2026, 11, 10, 23, 59, 59, tzinfo=UTC)

    billed = [ledger.record(call(1, at=before + timedelta(seconds=step))) for step in (0, 0, 1, 1)]

    assert billed == [amounts(1), amounts(), amounts(1), amounts()]
    ledger.copy()
    days = store.between(DAY, DAY + timedelta(days=1))
    assert {key.day: sums.bought[PriceKind.POST] for key, sums in days.items()} == {DAY: 1, DAY + timedelta(days=1): 1}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(many=st.lists(purchases, max_size=8), order=st.randoms(use_true_random=False))
def test_any_order_bills_the_distinct_objects_of_each_day(
    many: list[Purchase], order: random.Random, ledger: Ledger, redis_client: redis.Redis
) -> None:
    """For any calls in any order the bill is the distinct (day, object), and telling all of them again adds nothing."""
    redis_client.flushall()
    order.shuffle(many)
    posts = {(one.at.date(), post) for one in many for post in one.object_ids[PriceKind.POST] if one.at}
    users = {(one.at.date(), user) for one in many for user in one.object_ids[PriceKind.USER] if one.at}

    told = [ledger.record(one) for one in many]
    again = [ledger.record(one) for one in many]

    assert sum(told, Amounts()) == amounts(len(posts), len(users))
    assert not any(again)


def test_what_was_bought_is_known_until_the_guard_before_midnight(ledger: Ledger, clock: ManualClock) -> None:
    """Bought ids are known, others are not; a minute before midnight nothing counts as bought any more."""
    ledger.record(call(*range(1, 2_001), users=(7,), at=NOON))

    assert ledger.bought(PriceKind.POST, [1, 2_000, 2_001]) == {1, 2_000}
    assert ledger.bought(PriceKind.POST, range(3_000)) == set(range(1, 2_001))
    assert (ledger.bought(PriceKind.USER, [7, 8]), ledger.bought(PriceKind.POST, [])) == ({7}, set())
    clock.advance(12 * 3600 - 59)
    assert ledger.bought(PriceKind.POST, [1]) == set()


def test_the_day_is_xs_even_where_our_clock_is_wrong(ledger: Ledger, clock: ManualClock) -> None:
    """After an answer of X the ledger tells the time as X does."""
    clock.advance(-3 * 86_400)

    ledger.record(call(1, at=NOON))

    assert ledger.now() == NOON
    assert ledger.bought(PriceKind.POST, [1]) == {1}


@pytest.mark.parametrize(("result", "counted"), [(CallResult.FAILED, (1, 0)), (CallResult.UNANSWERED, (0, 1))])
def test_a_call_that_brought_nothing_is_counted_and_free(
    ledger: Ledger, store: LedgerStore, result: CallResult, counted: tuple[int, int]
) -> None:
    """Failed and unanswered calls are told apart and cost nothing."""
    billed = ledger.record(call(result=result, at=NOON))

    total = sums_of(ledger, store)
    assert (billed, total.calls, (total.failed, total.unanswered), total.micro_usd) == (amounts(), 1, counted, 0)


def test_what_has_no_id_is_bought_anew_by_every_answer(ledger: Ledger, store: LedgerStore) -> None:
    """A fee is booked with every answer that has one, beside its objects: in the money and the count of its kind."""
    fee = Amounts({PriceKind.COUNTS_REQUEST: 2})

    billed = [ledger.record(call(1, fee=fee, at=NOON)) for _ in range(2)]

    assert billed == [fee + amounts(1), fee]
    total = sums_of(ledger, store)
    assert (total.bought, total.reread) == (fee + fee + amounts(1), amounts(1))
    assert total.micro_usd == total.hours[12] == 4 * 5_000 + 5_000


def test_copies_are_idempotent_and_only_of_what_changed(ledger: Ledger, store: LedgerStore, mongo_db: Db) -> None:
    """Copying again writes nothing, a second process copying the same adds nothing."""
    ledger.record(call(1, at=NOON))
    ledger.record(call(2, endpoint="tweets", at=NOON))

    copied = [ledger.copy(), ledger.copy()]
    ledger.record(call(3, at=NOON))
    copied.append(ledger.copy())

    assert copied == [2, 0, 1]
    assert (sums_of(ledger, store).bought[PriceKind.POST], mongo_db["ledger"].count_documents({})) == (3, 2)


def test_an_older_copy_does_not_undo_a_newer_one(
    ledger: Ledger, store: LedgerStore, redis_url: str, clock: ManualClock
) -> None:
    """Two processes copy in turn: the sums in MongoDB never fall."""

    class Slow:
        def keep(self, rows: object) -> None:
            late.append(rows)

    late: list[object] = []
    ledger.record(call(1, at=NOON))
    Ledger(connect(redis_url), Slow(), prices=Prices(), clock=clock).copy()
    ledger.record(call(2, at=NOON))
    newer = sums_of(ledger, store)

    store.keep(late[0])  # type: ignore[arg-type]

    assert add_up(store.between(DAY, DAY).values()) == newer


def test_a_redis_that_lost_everything_adds_to_what_was_copied(
    ledger: Ledger, store: LedgerStore, redis_client: redis.Redis
) -> None:
    """The sums of both lives of Redis are those of the day; what is read again counts again, never too little."""
    ledger.record(call(1, 2, at=NOON))
    ledger.copy()
    redis_client.flushall()

    billed = ledger.record(call(2, 3, at=NOON))

    assert billed == amounts(2)
    assert sums_of(ledger, store).bought == amounts(4)


def test_days_that_mongodb_missed_are_copied_later(ledger: Ledger, store: LedgerStore, clock: ManualClock) -> None:
    """The sums of the days before, as far back as they are copied, reach MongoDB with the next copy."""
    for back in range(COPIED_DAYS):
        ledger.record(call(1, at=NOON - timedelta(days=back)))
    ledger.record(call(2, at=NOON))

    assert ledger.copy() == COPIED_DAYS
    assert len(store.between(DAY - timedelta(days=COPIED_DAYS), DAY)) == COPIED_DAYS


def test_what_redis_did_not_take_is_told_with_the_next_call(
    store: LedgerStore, redis_client: redis.Redis, redis_url: str, clock: ManualClock
) -> None:
    """While Redis is away everything counts as bought and is kept; afterwards nothing is missing or double."""
    with TcpProxy(urlsplit(redis_url).port or 0) as proxy:
        ledger = Ledger(connect(f"redis://127.0.0.1:{proxy.port}/0"), store, prices=Prices(), clock=clock)
        proxy.cut()
        away = [ledger.record(call(one, at=NOON)) for one in (1, 2, 2)]
        with pytest.raises(LimiterUnavailable):
            ledger.bought(PriceKind.POST, [1])
        with pytest.raises(LimiterUnavailable):
            ledger.copy()
        proxy.restore()

        back = ledger.record(call(2, 3, at=NOON))

        total = sums_of(ledger, store)
    assert (away, back) == ([amounts(1)] * 3, amounts(1))
    assert (total.bought, total.calls) == (amounts(3), 4)


def test_a_record_whose_answer_is_lost_bills_nothing_twice(
    store: LedgerStore, redis_client: redis.Redis, redis_url: str, clock: ManualClock
) -> None:
    """Redis recorded a call and its answer broke: the call is told again, and the money stays the same."""
    with TcpProxy(urlsplit(redis_url).port or 0) as proxy:
        ledger = Ledger(connect(f"redis://127.0.0.1:{proxy.port}/0"), store, prices=Prices(), clock=clock)
        ledger.record(call(9, at=NOON))
        proxy.reset_within_reply(1)
        broken = ledger.record(call(1, 2, at=NOON))
        ledger.record(call(3, at=NOON))

        total = sums_of(ledger, store)
    assert (proxy.resets, broken) == (1, amounts(2))
    assert total.bought == amounts(4)


def test_memory_for_untold_calls_is_bounded(store: LedgerStore, clock: ManualClock) -> None:
    """However long Redis is away, a process keeps so many calls and no more."""
    ledger = Ledger(connect(f"redis://127.0.0.1:{free_port()}/0"), store, prices=Prices(), clock=clock)

    for one in range(MAX_UNTOLD + 10):
        ledger.record(call(one))

    assert len(ledger._untold) == MAX_UNTOLD


def test_threads_that_take_what_is_untold_at_once_never_fail(store: LedgerStore, clock: ManualClock) -> None:
    """With Redis away each thread's call is counted as bought and kept, whoever else takes from the same store."""
    ledger = Ledger(connect(f"redis://127.0.0.1:{free_port()}/0"), store, prices=Prices(), clock=clock)
    threads, calls = 8, 120
    start = threading.Barrier(threads)

    def tell(number: int) -> list[Amounts]:
        start.wait(10)
        return [ledger.record(call(1_000 * number + one, at=NOON)) for one in range(calls)]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(threads) as pool:
            billed = list(pool.map(tell, range(threads)))
    finally:
        sys.setswitchinterval(interval)

    assert billed == [[amounts(1)] * calls] * threads
    kept = [one.purchase.object_ids[PriceKind.POST] for one in ledger._untold]
    assert len(kept) == len(set(kept)) == threads * calls


def test_every_key_expires(ledger: Ledger, redis_client: redis.Redis) -> None:
    """What was bought is forgotten two days after, the sums after a week, the ids of calls after ten minutes."""
    ledger.record(call(1, users=(1,), at=NOON))

    lives = {key: redis_client.ttl(key) for key in redis_client.keys("covey:ledger:*")}
    assert len(lives) == 4
    assert all(0 < seconds <= 7 * 86_400 for seconds in lives.values())
    assert sorted(lives.values())[0] <= 600
    assert sorted(lives.values())[1] <= 2 * 86_400


def _spend(redis_url: str, mongo_uri: str, seed: int, billed: str) -> None:
    """A process that tells of random pages until it has told all of them, and keeps what they cost in Redis."""
    client = connect(redis_url)
    ledger = Ledger(
        client, LedgerStore(connect_database(mongo_uri, "covey_test")), prices=Prices(), clock=ManualClock(NOON)
    )
    rng = random.Random(seed)
    pages = [call(*rng.sample(range(600), 20), users=tuple(rng.sample(range(99), 5)), at=NOON) for _ in range(60)]

    def tell(mine: list[Purchase]) -> None:
        for page in mine:
            one = ledger.record(page)
            client.hincrby(billed, "posts", one[PriceKind.POST])
            client.hincrby(billed, "users", one[PriceKind.USER])

    threads = [threading.Thread(target=tell, args=(pages[number::4],)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.copy()


def test_processes_and_threads_share_one_count(
    redis_client: redis.Redis, redis_url: str, mongo_uri: str, store: LedgerStore, ledger: Ledger
) -> None:
    """4 x 4 tellers of overlapping pages bill every object once in all, and MongoDB has the same sum."""
    run = multiprocessing.get_context("fork")
    children = [run.Process(target=_spend, args=(redis_url, mongo_uri, seed, "billed")) for seed in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(30)

    rngs = [random.Random(seed) for seed in range(4)]
    pages = [(set(rng.sample(range(600), 20)), set(rng.sample(range(99), 5))) for rng in rngs for _ in range(60)]
    posts, users = set().union(*(p for p, _ in pages)), set().union(*(u for _, u in pages))
    assert {k: int(v) for k, v in redis_client.hgetall("billed").items()} == {
        b"posts": len(posts),
        b"users": len(users),
    }
    total = sums_of(ledger, store)
    assert (total.bought, total.calls) == (amounts(len(posts), len(users)), 240)
    assert total.micro_usd == len(posts) * 5_000 + len(users) * 10_000


def _die_while_telling(redis_url: str, mongo_uri: str, pages: list[Purchase], dies_at: int) -> None:
    ledger = Ledger(
        connect(redis_url),
        LedgerStore(connect_database(mongo_uri, "covey_test")),
        prices=Prices(),
        clock=ManualClock(NOON),
    )
    for number, page in enumerate(pages):
        if number == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        ledger.record(page)


def test_work_that_is_done_again_after_a_crash_is_billed_once(
    redis_client: redis.Redis, redis_url: str, mongo_uri: str, store: LedgerStore, ledger: Ledger
) -> None:
    """Processes die anywhere in the same work and others begin it again: the sum is that of one clean run."""
    pages = [call(*range(start, start + 10), users=(start,), at=NOON) for start in range(0, 60, 3)]
    run = multiprocessing.get_context("fork")
    for dies_at in (0, 7, 13, 19, len(pages)):
        child = run.Process(target=_die_while_telling, args=(redis_url, mongo_uri, pages, dies_at))
        child.start()
        child.join(30)

    total = sums_of(ledger, store)
    posts, users = (
        set().union(*(page.object_ids[kind] for page in pages)) for kind in (PriceKind.POST, PriceKind.USER)
    )
    assert total.micro_usd == len(posts) * 5_000 + len(users) * 10_000
