"""Group tests of days on a real MongoDB."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.domain import snowflake
from shared.domain.planning.revivals import Suspect, Terms
from shared.stores.database import Db
from shared.stores.group_tests import GroupTests, GroupTestStore, Told

DAY, NOW, HOUR = date(2026, 5, 4), datetime(2026, 5, 4, tzinfo=UTC), timedelta(hours=1)
TESTS = GroupTests(
    from_at=NOW - 24 * HOUR,
    to_at=NOW,
    money=120_000,
    marginal=2.5,
    terms=Terms(5_000, 4_000, 14, 11),
    suspects=(Suspect(2**60, 2**61, 7.5), Suspect(3, 4, 1.0)),
)


@pytest.fixture
def store(mongo_db: Db) -> GroupTestStore:
    """With the tests of one day."""
    made = GroupTestStore(mongo_db)
    made.begin(DAY, TESTS, now=NOW)
    return made


def test_they_come_back_as_they_were(store: GroupTestStore) -> None:
    """Begun once a day; of another day there are none."""
    store.begin(DAY, GroupTests(from_at=NOW, to_at=NOW, money=1, marginal=0, terms=Terms(), suspects=[]), now=NOW)
    assert store.get(DAY) == TESTS
    assert store.told(DAY) == Told(0, (), False)
    assert (store.get(date(2026, 5, 5)), store.told(date(2026, 5, 5))) == (None, None)


def test_each_request_is_one_workers(store: GroupTestStore) -> None:
    """Noted before it is sent: nobody else sends it, and only who waits for its answer, or gives it up, notes one."""
    assert [store.ask(DAY, 0), store.ask(DAY, 0), store.ask(DAY, 1)] == [True, False, False]
    assert [store.answer(DAY, 1, 5), store.answer(DAY, 0, None), store.answer(DAY, 0, 5)] == [False, True, False]
    assert store.ask(DAY, 1)
    store.not_asked(DAY, 1)
    assert store.ask(DAY, 1)
    assert store.answer(DAY, 1, 7)
    found = store.get(DAY)
    assert found is not None
    assert (found.answers, found.asking) == ((None, 7), None)
    assert store.told(DAY) == Told(2, (), False)


def test_what_is_done_keeps_its_sums(store: GroupTestStore, mongo_db: Db) -> None:
    """And what was found; no suspects, and nothing more can be asked."""
    store.ask(DAY, 0)
    store.answer(DAY, 0, 7)
    store.found(DAY, [2**60])
    store.found(DAY, [2**60, 3])
    store.end(DAY)
    assert store.told(DAY) == Told(1, (2**60, 3), True)
    assert (store.get(DAY), store.ask(DAY, 1)) == (None, False)
    assert "suspects" not in (mongo_db["X_group_tests"].find_one() or {"suspects": 1})
    assert store.found_on([DAY, date(2026, 5, 5)]) == {DAY: 2}


def test_reposts_that_readings_saw_are_explained(store: GroupTestStore, mongo_db: Db) -> None:
    """From the first reading in the span to the last; all of a post that was made in it; none of other authors'."""
    old, new = snowflake.first_id_at(NOW - 80 * HOUR), snowflake.first_id_at(NOW - 9 * HOUR)
    made = {old: (1, 80), new: (1, 9), old + 1: (2, 80)}
    for post_id, (author, age) in made.items():
        at = NOW - age * HOUR
        mongo_db["X_tweets"].insert_one({"_id": str(post_id), "author_id": str(author), "created_at": at})
    readings = [(old, 30, 5), (old, 20, 6), (old, 2, 16), (new, 8, 3), (new, 7, 4), (old + 1, 20, 0), (old + 1, 2, 99)]
    for post_id, hours_ago, count in readings:
        reading = {"post_id": str(post_id), "at": NOW - hours_ago * HOUR, "metrics": {"retweet_count": count}}
        mongo_db["X_engagement_history"].insert_one({"_id": f"{post_id}:{hours_ago}", **reading})

    assert store.explained([1, 3], from_at=TESTS.from_at, to_at=TESTS.to_at) == 10 + 4
    assert store.explained([3], from_at=TESTS.from_at, to_at=TESTS.to_at) == 0
    assert store.authors([old, new, 77]) == {old: 1, new: 1}
