"""All stores together: their indexes, and that every write may be repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import pymongo
import pytest

from shared.domain.coverage.accounts import Account, AccountState, Renamed
from shared.domain.coverage.gaps import GapState
from shared.domain.coverage.sweeps import SweepStatus
from shared.domain.engagement.next_reading import RefreshPolicy
from shared.domain.engagement.refresh import read_counts
from shared.domain.models import PostState, UserLookup
from shared.domain.set_aside import Kind, Reason, SetAside, set_aside
from shared.domain.states import By, Word
from shared.stores.bundle import COLLECTIONS, INDEXES, Stores
from shared.stores.database import Db, Document
from shared.stores.dead_letters import DeadFilter
from shared.stores.digests import TOLD
from tests.shared.stores.conftest import HOUR, NOW, dump, likes, photo_of, posts_of, user_of
from tests.shared.stores.test_gaps import gap_of
from tests.shared.stores.test_intervals import interval_of
from tests.shared.stores.test_schedules import schedule_of
from tests.shared.stores.test_streams import stream_of
from tests.shared.stores.test_sweeps import sweep_of


def account_of(name: str = "nasa") -> Account:
    """A followed account that is suspended."""
    return Account(name=name, username=name, user_id=5, state=AccountState.SUSPENDED, since=NOW)


def odd_of() -> SetAside:
    """An object without a key."""
    return set_aside({"text": "odd"}, kind=Kind.POST, reason=Reason.NO_KEY, endpoint="tweets")


RENAMED = Renamed(account_of(), account_of("b"), name_goes_on=False)
MISSING = UserLookup(missing={"esa": "not-found"}).missing


def furnish(stores: Stores) -> None:
    """One of everything."""
    stores.handles.activate(["nasa", "esa"], now=NOW)
    stores.handles.learn([user_of(5, "nasa")], now=NOW)
    stores.posts.upsert(posts_of([1, 2]), source="search", now=NOW)
    stores.engagement.begin(posts_of([1, 2]), now=NOW)
    stores.media.upsert([photo_of("3_1"), photo_of("3_2")], at=NOW)
    stores.streams.add(stream_of(), now=NOW)
    stores.sweeps.open(sweep_of())
    stores.gaps.note([gap_of()])
    stores.intervals.add(replace(interval_of(), id="i"))
    stores.schedules.ensure([schedule_of("a")])
    stores.runs.begin("r", kind="refresh", subjects=["1"], now=NOW)
    stores.dead_letters.add([{"_id": "d", "job": "canary", "died_at": NOW}])


def answer(stores: Stores) -> None:
    """Store one reading under a claim; computed each time from what is stored."""
    states, answered = stores.engagement.load("c", [1])
    if 1 not in answered:
        stores.engagement.answer("c", [read_counts(states[1], likes(5), now=NOW, policy=RefreshPolicy())])


def claim_slot(stores: Stores) -> None:
    """Claim what was read before anything happened."""
    stores.schedules.claim(schedule_of("a"), now=NOW, by="me")


DELETED = Word(PostState.DELETED, NOW, By.COMPLIANCE)
WRITES: dict[str, Callable[[Stores], object]] = {
    "handles.activate": lambda s: s.handles.activate(["nasa", "isro"], now=NOW + HOUR),
    "handles.deactivate": lambda s: s.handles.deactivate(["nasa"], now=NOW),
    "handles.learn": lambda s: s.handles.learn([user_of(5, "nasa"), user_of(6, "esa")], now=NOW),
    "handles.learn of another": lambda s: s.handles.learn([user_of(9, "nasa")], now=NOW),
    "handles.note_missing": lambda s: s.handles.note_missing(MISSING, now=NOW),
    "posts.upsert": lambda s: s.posts.upsert(posts_of([2, 3]), source="quotes", now=NOW + HOUR),
    "fates.bury": lambda s: s.fates.bury({1: DELETED}, now=NOW, purge_after=HOUR),
    "fates.look_again": lambda s: s.fates.look_again([1], at=NOW, now=NOW),
    "users.upsert": lambda s: s.users.upsert([user_of(5)], now=NOW),
    "media.upsert": lambda s: s.media.upsert([photo_of("3_2"), photo_of("3_3")], at=NOW),
    "media.mark_ok": lambda s: s.media.mark_ok("3_1", path="p", byte_size=1, checksum="c", now=NOW),
    "streams.add": lambda s: s.streams.add(stream_of("t"), now=NOW),
    "streams.replace": lambda s: s.streams.replace(stream_of(), members=("esa",), query="q", now=NOW),
    "accounts.put": lambda s: s.accounts.put([account_of()], now=NOW, look_at=NOW + HOUR),
    "accounts.rename": lambda s: s.accounts.rename([RENAMED], now=NOW, look_at=NOW),
    "set_aside.note": lambda s: s.set_aside.note([odd_of()], now=NOW),
    "streams.retire": lambda s: s.streams.retire(["s"], now=NOW),
    "streams.sweep_completed": lambda s: s.streams.sweep_completed("s", sweep_id="w", newest_id=300, through_at=NOW),
    "gaps.note": lambda s: s.gaps.note([gap_of()]),
    "gaps.end": lambda s: s.gaps.end(gap_of().id, GapState.FILLED, now=NOW),
    "intervals.add": lambda s: s.intervals.add(interval_of()),
    "intervals.put_in_place": lambda s: s.intervals.put_in_place(replace(interval_of(), id="j"), ["i"]),
    "sweeps.open": lambda s: s.sweeps.open(sweep_of("w2", subject="other")),
    "sweeps.advance": lambda s: s.sweeps.advance(sweep_of(), sweep_of(page=1), now=NOW),
    "sweeps.advance to the end": lambda s: s.sweeps.advance(
        sweep_of(), replace(sweep_of(page=1), status=SweepStatus.COMPLETE), now=NOW
    ),
    "sweeps.abandon": lambda s: s.sweeps.abandon(sweep_of(), now=NOW),
    "engagement.begin": lambda s: s.engagement.begin(posts_of([2, 3]), now=NOW + HOUR),
    "engagement.claim_due": lambda s: s.engagement.claim_due(["c"], size=9, now=NOW, lease=timedelta(minutes=1)),
    "engagement.answer": answer,
    "quotes.note_read": lambda s: s.quotes.note_read([1], at=NOW, cursor_id=9),
    "engagement.release_unanswered": lambda s: s.engagement.release_unanswered(now=NOW),
    "schedules.ensure": lambda s: s.schedules.ensure([schedule_of("a"), schedule_of("b")]),
    "schedules.keep_only": lambda s: s.schedules.keep_only("search", []),
    "schedules.claim": claim_slot,
    "runs.begin": lambda s: s.runs.begin("r2", kind="refresh", subjects=["1"], now=NOW),
    "runs.record": lambda s: s.runs.record("r", {"1": "alive"}, now=NOW),
    "state.set": lambda s: s.state.set("key", "value"),
    "dead_letters.add": lambda s: s.dead_letters.add([{"_id": "e", "job": "canary", "died_at": NOW}]),
    "dead_letters.replay_sent": lambda s: s.dead_letters.replay_sent(["d"]),
    "dead_letters.purge": lambda s: s.dead_letters.purge(DeadFilter(job="canary")),
}


def without_digests(dumped: dict[str, list[Document]]) -> dict[str, list[Document]]:
    """The same without the digests of what X told."""
    return {
        name: [{field: value for field, value in one.items() if field != TOLD} for one in documents]
        for name, documents in dumped.items()
    }


@pytest.mark.parametrize("write", WRITES)
def test_a_write_twice_is_a_write_once(stores: Stores, mongo_db: Db, write: str) -> None:
    """Jobs arrive at least once: the second time the database stays as the first left it, but for digests, by which
    what comes again is recognised from then on; the third time altogether.
    """
    furnish(stores)

    WRITES[write](stores)
    once = without_digests(dump(mongo_db))
    WRITES[write](stores)
    twice = dump(mongo_db)
    WRITES[write](stores)

    assert without_digests(twice) == once
    assert dump(mongo_db) == twice


def test_every_collection_has_its_indexes_and_making_them_again_is_no_error(stores: Stores, mongo_db: Db) -> None:
    """Processes make them at each start; what they are does not change by that."""
    first = {name: mongo_db[name].index_information() for name in mongo_db.list_collection_names()}
    first.pop("X_state", None)  # read and written by key only
    stores.ensure_indexes()

    assert {name: mongo_db[name].index_information() for name in first} == first
    assert set(first) >= {
        *("X_tracked_handles", "X_tweets", "X_users", "X_media", "X_streams", "X_sweeps", "X_engagement"),
        *("X_engagement_history", "schedules", "runs", "dead_letters"),
    }
    assert all(len(indexes) > 1 for indexes in first.values())


def test_the_index_that_work_rests_on_comes_first(mongo_uri: str) -> None:
    """Of a new database every index is missing, and the one that keeps sweeps apart is the first to be made."""
    with pymongo.MongoClient[dict[str, Any]](mongo_uri) as client:
        missing = Stores.on(client["covey_new"]).indexes.missing()

    assert len(missing) == len(INDEXES)
    assert [index.name for index in missing if index.rests_on_it] == [missing[0].name] == ["one_open_sweep_a_subject"]


def test_every_store_with_indexes_is_in_the_bundle() -> None:
    """No module of a collection is left out of what is made at a start."""
    folder = resources.files("shared.stores")
    declaring = [file.name for file in folder.iterdir() if "\nINDEXES = " in f"\n{_text(file)}"]

    assert {index.collection for index in INDEXES} >= {"X_sweeps", "X_tweets", "ledger"}
    assert len(declaring) == len(COLLECTIONS) + 1  # the bundle itself


def _text(file: Traversable) -> str:
    return file.read_text() if file.name.endswith(".py") else ""


def test_the_reads_of_every_round_use_an_index(mongo_db: Db) -> None:
    """What schedulers and workers ask for all the time is not found by looking at everything."""
    asked = {
        "schedules": ({"next_due_at": {"$lte": NOW}}, [("next_due_at", 1)]),
        "X_engagement": ({"tier": "hot", "next_refresh_at": {"$ne": None, "$lte": NOW}}, [("next_refresh_at", 1)]),
        "X_sweeps": ({"status": "open", "progress_at": {"$lt": NOW}}, [("progress_at", 1)]),
        "X_streams": ({"status": "active", "handles": {"$in": ["nasa"]}}, [("_id", 1)]),
        "X_media": ({"download.status": "pending"}, [("download.last_attempt_at", 1)]),
        "X_tweets": ({"author_id": {"$in": ["7"]}}, [("created_at", -1)]),
    }

    plans = {
        name: str(mongo_db[name].find(query).sort(order).explain()["queryPlanner"]["winningPlan"])
        for name, (query, order) in asked.items()
    }

    assert [name for name, plan in plans.items() if "COLLSCAN" in plan or "IXSCAN" not in plan] == []
