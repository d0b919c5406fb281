"""`feed` on a real MongoDB."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.feed import Event, EventType, event_id
from shared.stores.bundle import Stores
from shared.stores.database import Db
from shared.stores.feed import MARKS, FeedStore

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ALL = frozenset(EventType)


def event(number: int, tenant: str = "default", kind: EventType = EventType.POST_CREATED) -> Event:
    """One of several."""
    return Event(id=event_id(kind, tenant, str(number)), tenant=tenant, type=kind, subject=str(number), at=NOW)


def test_events_are_numbered_in_order_and_once(stores: Stores) -> None:
    """From 1 on, without holes, for each tenant by itself; what is entered already is left out."""
    assert stores.feed.append("default", [event(1), event(2)], now=NOW) == 2
    assert stores.feed.append("acme", [event(1, "acme")], now=NOW) == 1
    assert stores.feed.append("default", [event(2), event(3), event(3)], now=NOW) == 1
    found = stores.feed.after("default", 0, types=ALL, limit=10)
    assert [(one.number, one.event.subject) for one in found] == [(1, "1"), (2, "2"), (3, "3")]
    assert found[0].event == event(1)
    assert [one.number for one in stores.feed.after("acme", 0, types=ALL, limit=10)] == [1]
    assert stores.feed.bounds("default") == (1, 3)
    assert stores.feed.bounds("nobody") == (1, 0)


def test_a_reader_takes_the_types_it_wants_and_goes_on_behind_them(stores: Stores) -> None:
    """Pages by number; what is of another type is passed over."""
    stores.feed.append("default", [event(1), event(2, kind=EventType.GAP), event(3)], now=NOW)
    found = stores.feed.after("default", 1, types={EventType.POST_CREATED}, limit=10)
    assert [one.number for one in found] == [3]
    assert [one.number for one in stores.feed.after("default", 0, types=ALL, limit=2)] == [1, 2]


def test_numbers_go_on_when_all_events_are_kept_no_longer(stores: Stores, mongo_db: Db) -> None:
    """A cursor of before means the same after: the greatest number is remembered by itself."""
    stores.feed.append("default", [event(1), event(2)], now=NOW)
    mongo_db["feed"].delete_many({})
    assert stores.feed.bounds("default") == (3, 2)
    stores.feed.append("default", [event(3)], now=NOW)
    assert [one.number for one in stores.feed.after("default", 2, types=ALL, limit=9)] == [3]


def test_whoever_reads_misses_nothing_however_many_number_at_once(stores: Stores, mongo_db: Db) -> None:
    """Six writers enter overlapping events; a reader that only goes forward sees every event once, in order."""
    writers, each, done = 6, 120, threading.Event()
    seen: list[int] = []
    subjects: list[str] = []

    def write(first: int) -> None:
        store = FeedStore(mongo_db)
        for start in range(first, first + each, 7):
            # every batch is entered by two writers: as two leaders would, or one after a crash
            store.append("default", [event(number) for number in range(start, start + 7)], now=NOW)

    def read() -> None:
        cursor = 0
        while True:
            was_done = done.is_set()
            found = FeedStore(mongo_db).after("default", cursor, types=ALL, limit=50)
            seen.extend(one.number for one in found)
            subjects.extend(one.event.subject for one in found)
            cursor = seen[-1] if seen else 0
            if was_done and not found:
                return

    reader = threading.Thread(target=read)
    threads = [threading.Thread(target=write, args=(number // 2 * each,)) for number in range(writers)]
    for thread in (reader, *threads):
        thread.start()
    for thread in threads:
        thread.join(60)
    done.set()
    reader.join(60)
    assert not reader.is_alive()
    assert seen == list(range(1, len(seen) + 1))
    assert len(set(subjects)) == len(subjects)
    assert {int(one) for one in subjects} >= set(range(writers // 2 * each))


def test_a_mark_that_was_set_anew_is_not_cleared(stores: Stores, mongo_db: Db) -> None:
    """Clearing goes by the time that was seen."""
    mongo_db["gaps"].insert_many([{"_id": "a", "unfed": NOW}, {"_id": "b", "unfed": NOW + timedelta(seconds=1)}])
    stores.feed.clear(EventType.GAP, ["a", "b"], through=NOW)
    assert [one["_id"] for one in stores.feed.marked(EventType.GAP, limit=5)] == ["b"]
    assert stores.feed.oldest_mark() == NOW + timedelta(seconds=1)


@pytest.mark.parametrize("kind", list(EventType))
def test_what_is_marked_is_found_by_its_index(stores: Stores, mongo_db: Db, kind: EventType) -> None:
    """The oldest first, and no document without a mark is looked at."""
    stores.ensure_indexes()
    mark = MARKS[kind]
    name = mark.field.partition(".")[0]
    others = [{"_id": f"x{n}", **({"gone": {"reason": "deleted"}} if name == "gone" else {})} for n in range(50)]
    marked = [
        {
            "_id": f"m{n}",
            name: {"unfed": NOW - timedelta(seconds=n)} if "." in mark.field else NOW - timedelta(seconds=n),
        }
        for n in range(3)
    ]
    for one in (*others, *marked):
        if mark.collection == "gaps":
            one |= {"stream": one["_id"]}
    mongo_db[mark.collection].insert_many([*others, *marked])
    assert [one["_id"] for one in stores.feed.marked(kind, limit=2)] == ["m2", "m1"]
    plan = mongo_db[mark.collection].find({mark.field: {"$exists": True}}).sort(mark.field, 1).explain()
    assert plan["executionStats"]["totalDocsExamined"] == 3
