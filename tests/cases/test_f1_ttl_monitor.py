"""Documents of tests are dated in the past: MongoDB's TTL monitor must not remove them while a test looks at them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pymongo

from shared.stores.bundle import INDEXES, Stores
from tests.mongod import client_of, running_mongod
from tests.workers.world import eventually

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
EXPIRING = [index for index in INDEXES if "expireAfterSeconds" in index.options]


def test_the_servers_of_the_tests_let_nothing_expire(mongo_uri: str) -> None:
    """The monitor is off in the session's mongod."""
    with pymongo.MongoClient(mongo_uri) as client:
        assert client.admin.command("getParameter", 1, ttlMonitorEnabled=1)["ttlMonitorEnabled"] is False


def test_what_is_to_expire_does(tmp_path: Path) -> None:
    """Where the monitor runs, what is older than its collection keeps goes by itself, and what is younger stays."""
    options = ("--setParameter", "ttlMonitorSleepSecs=1")
    with running_mongod(tmp_path, *options) as address, client_of(address) as client:
        db = client["covey_ttl"]
        Stores.on(db).ensure_indexes()
        now = datetime.now(UTC)
        for index in EXPIRING:
            (field,) = index.keys
            keep = timedelta(seconds=index.options["expireAfterSeconds"])
            rows = {
                "old": now - keep - timedelta(minutes=1),
                "young": now - keep / 2,
                "ancient": LONG_AGO,
                "none": None,
            }
            db[index.collection].insert_many(
                {"_id": name, "subject": name, "tenant": name, field: at} for name, at in rows.items()
            )

        def left() -> list[list[str]]:
            return [sorted(row["_id"] for row in db[index.collection].find()) for index in EXPIRING]

        assert len(EXPIRING) >= 3
        eventually(lambda: left() == [["none", "young"]] * len(EXPIRING), 60)
