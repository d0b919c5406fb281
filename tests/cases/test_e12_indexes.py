"""An index on a collection so large that building it takes longer than a call may."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pymongo
import pytest

from shared.domain.errors import StoreUnavailable
from shared.services.indexing import IndexBuilder, prepare
from shared.stores.bundle import Stores
from shared.stores.database import Db
from shared.stores.users import INDEXES
from tests.shared.stores.conftest import CommandCount, at_once
from tests.workers.world import eventually

NAME = "covey_large"
DOCUMENTS = 300_000
# A call may take this long; building the index takes twice as long.
TIMEOUT_MS = 300
[INDEX] = INDEXES
ROOT = str(Path(__file__).parents[2])
BUILD = """
import sys, threading, pymongo
from datetime import timedelta
from shared.services.indexing import IndexBuilder
from shared.stores.bundle import Stores
stores = Stores.on(pymongo.MongoClient(sys.argv[1], tz_aware=True)[sys.argv[2]])
IndexBuilder(stores.indexes, name="child", lease=timedelta(seconds=5)).run_forever(threading.Event())
"""


@pytest.fixture(scope="module")
def large(mongo_uri: str) -> Iterator[Db]:
    """A database with many accounts."""
    with pymongo.MongoClient[dict[str, Any]](mongo_uri, tz_aware=True) as client:
        client.drop_database(NAME)
        for start in range(0, DOCUMENTS, 20_000):
            numbers = range(start, start + 20_000)
            rows = [{"_id": str(n), "username": f"{n * 7919 % DOCUMENTS:09}" * 4} for n in numbers]
            client[NAME]["X_users"].insert_many(rows)
        yield client[NAME]
        client.drop_database(NAME)


@pytest.fixture
def unindexed(large: Db) -> Db:
    """That database with every index but that of the accounts, and nobody who builds."""
    large["X_users"].drop_indexes()
    large["X_state"].drop()
    for index in Stores.on(large).indexes.missing():
        if index != INDEX:
            Stores.on(large).indexes.create(index)
    return large


@pytest.fixture
def hurried(unindexed: Db, mongo_uri: str) -> Iterator[Stores]:
    """Stores whose calls may take a moment only."""
    with pymongo.MongoClient[dict[str, Any]](mongo_uri, tz_aware=True, timeoutMS=TIMEOUT_MS) as client:
        yield Stores.on(client[NAME])


def is_under_way(db: Db) -> bool:
    """Whether the index is listed, as one is while it is being built."""
    return INDEX.name in db["X_users"].index_information()


def test_it_is_built_without_the_time_limit_of_a_call(unindexed: Db, hurried: Stores) -> None:
    """Made as any other call it is given up each time; the builder waits for it, and then MongoDB can use it."""
    with pytest.raises(StoreUnavailable):
        hurried.indexes.create(INDEX)
    eventually(lambda: not is_under_way(unindexed))
    assert hurried.indexes.missing() == [INDEX]

    assert IndexBuilder(hurried.indexes, name="one").run_once()

    assert hurried.indexes.missing() == []


def test_one_that_is_being_built_is_still_missing(unindexed: Db) -> None:
    """It is listed, and counts as there only when MongoDB answers with it."""
    indexes = Stores.on(unindexed).indexes
    builder = threading.Thread(target=indexes.build, args=(INDEX,))
    builder.start()
    eventually(lambda: is_under_way(unindexed))

    meanwhile = indexes.missing()
    builder.join()

    assert meanwhile == [INDEX]
    assert indexes.missing() == []


def test_a_start_does_not_wait_for_it(unindexed: Db) -> None:
    """Preparing leaves the large one to a thread and comes back while it is missing; in the end it is there."""
    indexes = Stores.on(unindexed).indexes

    stop = prepare(indexes, name="starting")
    missing_at_once = indexes.missing()
    eventually(lambda: indexes.missing() == [])
    stop.set()

    assert missing_at_once == [INDEX]


def test_of_two_at_once_one_builds(unindexed: Db, mongo_uri: str) -> None:
    """The other one is refused the claim while the first has it, and finds the work done afterwards."""
    commands = CommandCount()
    with pymongo.MongoClient[dict[str, Any]](mongo_uri, tz_aware=True, event_listeners=[commands]) as client:
        indexes = Stores.on(client[NAME]).indexes
        builders = [IndexBuilder(indexes, name=f"process-{number}") for number in range(2)]

        done = at_once(2, lambda number: builders[number].run_once())
        sent = list(commands.names)
        afterwards = [builder.run_once() for builder in builders]

    assert sorted(done) == [False, True]
    assert sent.count("createIndexes") == 1
    assert afterwards == [True, True]


def test_after_a_crash_in_the_middle_another_one_goes_on(unindexed: Db, mongo_uri: str) -> None:
    """The claim of a killed process ends after its lease; until then nobody builds, then the next one does."""
    child = subprocess.Popen([sys.executable, "-c", BUILD, mongo_uri, NAME], env={"PYTHONPATH": ROOT})
    eventually(lambda: is_under_way(unindexed))
    child.send_signal(signal.SIGKILL)
    child.wait()
    indexes = Stores.on(unindexed).indexes
    next_one = IndexBuilder(indexes, name="next", lease=timedelta(seconds=5))

    claimed_at_once = indexes.claim("other", timedelta(seconds=1))
    missing = indexes.missing()
    eventually(next_one.run_once)

    assert not claimed_at_once
    assert missing == [INDEX]
    assert indexes.missing() == []


def test_a_claim_is_renewed_while_a_build_lasts(unindexed: Db) -> None:
    """Its end moves forward again and again, so that nobody begins beside a build that outlasts its lease."""
    stores = Stores.on(unindexed)
    short = IndexBuilder(stores.indexes, name="short", lease=timedelta(milliseconds=300))
    thread = threading.Thread(target=short.run_once)
    thread.start()

    ends = set()
    while thread.is_alive():
        claim = unindexed["X_state"].find_one({"_id": "indexes"})
        ends.add(claim and claim["until"])
        thread.join(0.02)

    assert stores.indexes.missing() == []
    assert len(ends - {None}) >= 2


def test_an_index_that_cannot_be_built_keeps_no_other_away(unindexed: Db, capsys: pytest.CaptureFixture[str]) -> None:
    """Duplicates forbid the unique one, which is told; the other one is built, and the next try is as any."""
    unindexed["X_sweeps"].drop_indexes()
    twins: list[dict[str, Any]] = [{"_id": n, "kind": "search", "subject": "s", "status": "open"} for n in (1, 2)]
    unindexed["X_sweeps"].insert_many(twins)
    indexes = Stores.on(unindexed).indexes

    assert not IndexBuilder(indexes, name="one").run_once()
    assert [str(index) for index in indexes.missing()] == ["X_sweeps.one_open_sweep_a_subject"]
    assert "cannot be built" in capsys.readouterr().out

    unindexed["X_sweeps"].delete_one({"_id": 2})
    assert IndexBuilder(indexes, name="one").run_once()


def test_a_scheduler_starts_beside_it(unindexed: Db, redis_url: str, mongo_uri: str, tmp_path: Path) -> None:
    """It says what is missing, is ready, and builds it in the background."""
    process = subprocess.Popen(
        [sys.executable, "-m", "scheduler", "--metrics-port", "0"],
        env={
            "PYTHONPATH": ROOT,
            "REDIS_URL": redis_url,
            "MONGO_URI": mongo_uri,
            "COVEY_MONGO_DATABASE": NAME,
            "COVEY_METRICS_HOST": "127.0.0.1",
        },
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        eventually(lambda: Stores.on(unindexed).indexes.missing() == [], 18)
        process.send_signal(signal.SIGTERM)
        lines = [json.loads(line) for line in process.communicate(timeout=15)[1].splitlines()]
    finally:
        process.kill()
        process.wait()

    said = {line["event"]: line for line in lines}
    assert process.returncode == 0
    assert said["preflight"]["check"] == "mongo_indexes"
    assert said["indexes are missing"]["indexes"] == [str(INDEX)]
    events = [line["event"] for line in lines]
    assert events.index("scheduler ready") < events.index("index built")
