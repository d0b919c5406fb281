"""What an address says of reads and writes does not touch the invariants: claims, cursors and coverage hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pymongo.errors import PyMongoError

from shared.domain.coverage.streams import Stream
from shared.domain.coverage.sweeps import Sweep, SweepKind
from shared.domain.models import Post
from shared.stores.bundle import Stores
from shared.stores.database import connect
from shared.stores.schedules import Schedule
from tests.mongod import client_of, running_mongod
from tests.workers.world import eventually

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
# A primary that is stopped would wait for a successor; fail points need the test commands.
PARAMETERS = ("shutdownTimeoutMillisForSignaledShutdown=0", "enableTestCommands=1")
MEMBER = ("--replSet", "rs", *(part for one in PARAMETERS for part in ("--setParameter", one)))
OPTIONS = [
    "w=0",
    "w=0&journal=false",
    "w=1",
    "w=2",
    "readPreference=secondaryPreferred",
    "readPreference=secondary&maxStalenessSeconds=90",
    "readPreference=nearest",
    "readConcernLevel=linearizable&readPreference=secondaryPreferred&w=0",
    "retryWrites=false",
]


@pytest.fixture(scope="module")
def replica_set(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A primary, and a secondary that takes up nothing: a read there does not find what was just written."""
    with ExitStack() as stack:
        first, behind = (
            stack.enter_context(running_mongod(tmp_path_factory.mktemp("mongod"), *MEMBER)) for _ in range(2)
        )
        primary, secondary = (stack.enter_context(client_of(address)).admin for address in (first, behind))
        members = [{"_id": 0, "host": first}, {"_id": 1, "host": behind, "priority": 0, "votes": 0}]
        primary.command("replSetInitiate", {"_id": "rs", "members": members})

        def both_serve() -> bool:
            try:
                states = [member["stateStr"] for member in primary.command("replSetGetStatus")["members"]]
            except PyMongoError:
                return False
            return states == ["PRIMARY", "SECONDARY"]

        eventually(both_serve, 60)
        secondary.command("configureFailPoint", "rsSyncApplyStop", mode="alwaysOn")
        yield f"mongodb://{first},{behind}/?replicaSet=rs"
        secondary.command("configureFailPoint", "rsSyncApplyStop", mode="off")


@pytest.fixture(params=OPTIONS)
def stores(replica_set: str, request: pytest.FixtureRequest) -> Iterator[Stores]:
    """Stores on an empty database, opened with an address that asks for something else."""
    uri = f"{replica_set}&{request.param}"
    stores = Stores.on(connect(uri, "covey_concerns"))
    stores.ensure_indexes()
    yield stores
    for name in stores.db.list_collection_names():
        stores.db[name].delete_many({})
    stores.db.client.close()


def test_the_work_of_a_flock_is_done_once_and_is_read_back(stores: Stores) -> None:
    """A slot, a sweep and a post are claimed once, a page is passed once, and the cursor is where it was moved to."""
    schedule = Schedule("search:s", "search", "s", MINUTE, NOW, 0)
    stores.schedules.ensure([schedule])
    (due,) = stores.schedules.due(now=NOW, limit=10)
    assert stores.schedules.claim(due, now=NOW, by="one") is not None
    assert stores.schedules.claim(due, now=NOW, by="two") is None
    assert stores.schedules.due(now=NOW, limit=10) == []

    sweep = Sweep(id="w", kind=SweepKind.SEARCH, subject="s", queue="search", query="q", since_id=10, started_at=NOW)
    assert stores.sweeps.open(sweep)
    assert not stores.sweeps.open(replace(sweep, id="w2"))
    assert stores.sweeps.advance(sweep, replace(sweep, page=1), now=NOW)
    assert not stores.sweeps.advance(sweep, replace(sweep, page=1), now=NOW)

    stream = Stream(id="s", members=("nasa",), query="q", began_at=NOW, covered_through=NOW, cursor_id=10)
    stores.streams.add(stream, now=NOW)
    stores.streams.sweep_completed("s", sweep_id="w", newest_id=20, through_at=NOW + MINUTE)
    moved = replace(stream, cursor_id=20, covered_through=NOW + MINUTE, sweeps_completed=1)
    assert stores.streams.get("s") == moved

    posts = [Post(id=number, text="t", created_at=NOW, author_id=7) for number in range(1, 4)]
    assert stores.posts.upsert(posts, source="search", now=NOW) == {1, 2, 3}
    assert stores.posts.upsert(posts, source="search", now=NOW) == set()
    stores.engagement.begin(posts, now=NOW)
    lease = timedelta(minutes=10)
    assert stores.engagement.claim_due(["a"], size=2, now=NOW, lease=lease) == {"a": [1, 2]}
    assert stores.engagement.claim_due(["b"], size=9, now=NOW, lease=lease) == {"b": [3]}
    assert stores.engagement.not_held("a", [1, 2, 3]) == {3}
    stores.runs.begin("r", kind="refresh", subjects=["1"], now=NOW)
    assert stores.runs.waiting_for(["1"], after=NOW - MINUTE) == {"1": "r"}


def test_what_is_acknowledged_is_with_the_majority(stores: Stores) -> None:
    """Every collection writes so and reads from the primary, whichever store opened it."""
    for name in ("X_streams", "X_sweeps", "schedules", "runs"):
        collection = stores.db[name]
        assert collection.write_concern.document == {"w": "majority"}
        assert collection.read_preference.mongos_mode == "primary"
        assert collection.read_concern.level == "local"
