"""The collection `ledger`: copies of sums that only grow, and the comparisons with X's own count."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.domain.models import WorkClass
from shared.domain.money.purchases import Row, RowKey, Sums, add_up
from shared.domain.money.usage import UsageCheck
from shared.stores.database import Db
from shared.stores.ledger import LedgerStore
from tests.amounts import amounts

DAY = date(2026, 11, 10)
HOURS = (0,) * 5 + (25_000,) + (0,) * 18
SUMS = Sums(calls=3, bought=amounts(5), reread=amounts(2), micro_usd=25_000, hours=HOURS)


def row(sums: Sums = SUMS, *, epoch: str = "a", day: date = DAY, **key: object) -> Row:
    """A row of searches."""
    given = {"endpoint": "search/recent", "credential_id": "app", "tenant": "default", "work_class": WorkClass.SEARCH}
    return Row(RowKey(day=day, **{**given, **key}), epoch, sums)  # type: ignore[arg-type]


@pytest.fixture
def store(mongo_db: Db) -> LedgerStore:
    """The store."""
    return LedgerStore(mongo_db)


def test_what_is_kept_comes_back(store: LedgerStore) -> None:
    """Every count, the money by hour and the whole key survive the way through MongoDB."""
    one = row()

    store.keep([one])
    store.keep([])

    assert store.between(DAY, DAY) == {one.key: SUMS}


def test_copies_in_any_order_leave_the_greatest(store: LedgerStore) -> None:
    """Copies of growing sums, shuffled and repeated, leave the newest."""
    copies = [row(Sums(calls=n, bought=amounts(2 * n), micro_usd=10_000 * n)) for n in range(1, 8)] * 2
    random.Random(4).shuffle(copies)

    for copy in copies:
        store.keep([copy])

    assert add_up(store.between(DAY, DAY).values()) == Sums(calls=7, bought=amounts(14), micro_usd=70_000)


def test_epochs_of_redis_are_added_up(store: LedgerStore) -> None:
    """What two lives of Redis counted for one key is one sum."""
    store.keep([row(epoch="a"), row(epoch="b")])

    assert store.between(DAY, DAY) == {row().key: SUMS.plus(SUMS)}


def test_rows_are_told_apart_by_everything_in_their_key(store: LedgerStore) -> None:
    """Day, endpoint, credential, tenant and class of work each make a row of their own; days bound the answer."""
    others = [
        row(day=DAY + timedelta(days=1)),
        row(endpoint="tweets"),
        row(credential_id="user:1"),
        row(tenant="b"),
        row(work_class=WorkClass.QUOTES),
    ]

    store.keep([row(), *others])

    assert len(store.between(DAY, DAY + timedelta(days=1))) == 6
    assert len(store.between(DAY, DAY)) == 5
    assert store.between(date(2026, 1, 1), date(2026, 10, 31)) == {}


def test_the_latest_comparison_is_found(store: LedgerStore) -> None:
    """Comparisons are kept one a day, the last word on a day stays, and the latest day is answered."""
    at = datetime(2026, 11, 11, 0, 15, tzinfo=UTC)
    first = UsageCheck(day=DAY, ours=90, theirs=100, checked_at=at)
    better = UsageCheck(day=DAY, ours=100, theirs=100, checked_at=at)
    older = UsageCheck(day=DAY - timedelta(days=1), ours=1, theirs=1, checked_at=at)

    before = store.last_check()
    for check in (first, better, older):
        store.keep_check(check)

    assert (before, store.last_check()) == (None, better)
    assert store.between(DAY - timedelta(days=9), DAY) == {}
