"""What is read of a real MongoDB, well set up and otherwise."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pymongo
import pytest

from shared.domain.preflight.mongo import MissingIndex, MongoFacts, Topology
from shared.runtime.clock import ManualClock, SystemClock
from shared.runtime.embedded import free_port
from shared.stores.bundle import Stores
from shared.stores.database import Db, connect
from shared.stores.probe import probe
from tests.cases.servers import mongod_with
from tests.workers.world import eventually

NOW = SystemClock().now


def facts_of(uri: str) -> MongoFacts:
    """What is read of the server at an address."""
    db = connect(uri, "covey_probe")
    try:
        return probe(Stores.on(db), NOW).facts
    finally:
        db.client.close()


def test_everything_is_read(stores: Stores) -> None:
    """Of a standalone server whose indexes are there every fact is known."""
    found = probe(stores, NOW)

    assert found.facts.version is not None
    assert found.facts.version >= (5, 0)
    assert found.facts == MongoFacts(version=found.facts.version)
    assert found.ahead_seconds == pytest.approx(0, abs=1)


def test_a_clock_that_is_off_is_measured(stores: Stores) -> None:
    """The difference is that of the server to us: behind when we are ahead."""
    ahead = ManualClock(NOW() + timedelta(seconds=90))

    assert probe(stores, ahead.now).ahead_seconds == pytest.approx(-90, abs=2)


def test_one_that_is_away_is_named() -> None:
    """The reason is in the facts, without the password."""
    facts = facts_of(f"mongodb://covey:hunter2@127.0.0.1:{free_port()}/?serverSelectionTimeoutMS=100")

    assert facts.away is not None
    assert "refused" in facts.away
    assert "hunter2" not in facts.away


def test_a_missing_index_is_listed_with_the_size_of_its_collection(stores: Stores, mongo_db: Db) -> None:
    """A small collection is told apart: the next process makes its index at once."""
    mongo_db["X_users"].drop_index("username_1")
    try:
        missing = probe(stores, NOW).facts.missing
    finally:
        stores.ensure_indexes()

    assert missing == (MissingIndex("X_users.username_1", is_small=True),)


def test_a_replica_set_is_told_apart_from_a_server_that_takes_no_writes(tmp_path: Path) -> None:
    """A member that has no primary yet takes none; once it leads it is a replica set like any other."""
    with mongod_with(tmp_path, "--replSet", "rs") as uri, pymongo.MongoClient[dict[str, object]](uri) as client:
        before = facts_of(uri)
        client.admin.command("replSetInitiate")
        eventually(lambda: client.admin.command("hello")["isWritablePrimary"])
        after = facts_of(uri)

    assert not before.is_writable
    assert (after.is_writable, after.topology) == (True, Topology.REPLICA_SET)
