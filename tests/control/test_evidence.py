"""The demo's check: it passes when nothing is missing, and fails for the right reason when something is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
import requests

from control import commands
from control.evidence import Interval, Truth, failures, gather
from scheduler.leader import Leader
from scheduler.loop import Loop
from shared.domain.jobs import ALL_QUEUES
from shared.redis.connection import connect
from shared.runtime.embedded import Servers
from shared.runtime.settings import Settings
from shared.services.bootstrap import Services, build
from shared.stores.database import Db, ServerClock
from tests.workers.world import LAG_SECONDS, Simulator, busiest, eventually, start_simulator, work_off

DATABASE = "covey_evidence"


@dataclass(frozen=True)
class Collected:
    """What a whole run collected, and what it is compared with."""

    db: Db
    truth: Truth
    names: list[str]
    interval: Interval
    folder: Path

    def report(self) -> dict[str, Any]:
        """The report as it is now."""
        return gather(self.db, self.truth, self.names, self.interval, self.folder)


@pytest.fixture(scope="module")
def collected(servers: Servers, simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collected]:
    """Three accounts followed for some seconds by a scheduler and a worker's handlers in this process."""
    settings = Settings.load(
        redis_url=servers.redis_url,
        mongo_uri=servers.mongo_uri,
        mongo_database=DATABASE,
        data_dir=tmp_path_factory.mktemp("data"),
        x_base_url=simulator.url,
        x_bearer_token="sim-test",
        x_search_lag_seconds=LAG_SECONDS,
        media_hosts=(simulator.url,),
        search_interval_seconds=0.3,
        quotes_interval_seconds=0.3,
        quotes_newest_posts=500,
        quotes_posts_per_round=100,
        refresh_interval_seconds=0.3,
    )
    with redis.Redis.from_url(servers.redis_url) as client:
        client.flushall()
    services = build(settings, middleware=[])
    for queue in ALL_QUEUES:
        services.broker.declare_queue(queue)
    services.stores.ensure_indexes()
    yield _collect(services, Truth(simulator.url), busiest(simulator, 3, since=timedelta(minutes=25)))
    services.stores.db.client.drop_database(DATABASE)
    services.stores.db.client.close()
    services.broker.close()


def _collect(services: Services, truth: Truth, names: list[str]) -> Collected:
    clock = ServerClock(services.stores.db)
    lease = connect(services.settings.redis_url or "")
    loop = Loop(services, Leader(lease, name="test", lease_seconds=15.0), clock)
    tracked_at, since = clock.now(), timedelta(minutes=25)
    commands.track(services, names, since=since)
    until = clock.now() + timedelta(seconds=2)

    def is_covered() -> bool:
        loop.run_once()
        work_off(services)
        open_quotes = services.stores.db["X_sweeps"].count_documents({"status": "open"})
        return not open_quotes and all(s.covered_through >= until for s in services.stores.streams.active())

    eventually(is_covered, 30)
    lease.close()
    return Collected(
        db=services.stores.db,
        truth=truth,
        names=names,
        interval=Interval(tracked_at - since, tracked_at, until, findable=timedelta(seconds=5)),
        folder=services.settings.media_path,
    )


@contextmanager
def without(db: Db, collection: str, which: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One document is missing for a while."""
    document = db[collection].find_one_and_delete(which)
    assert document is not None
    try:
        yield document
    finally:
        db[collection].insert_one(document)


def an_expected_post(collected: Collected) -> str:
    """A post that had to be found."""
    return expected_ids(collected)[0]


def a_file(collected: Collected) -> Path:
    """The file of a photo or video of an expected post."""
    keys = [item["media_key"] for item in collected.truth.media([*expected_ids(collected)])]
    document = collected.db["X_media"].find_one({"_id": {"$in": keys}, "download.status": "ok"})
    assert document is not None
    return collected.folder / str(document["download"]["stored_path"])


def expected_ids(collected: Collected) -> list[str]:
    """The posts of the followed accounts that had to be found, and others that named them."""
    query = f"({' OR '.join(f'from:{name} OR @{name}' for name in collected.names)}) -is:retweet"
    posts = collected.truth.posts(query, since=collected.interval.since, until=collected.interval.until)
    return [str(post["id"]) for post in posts if not post["unsearchable_at"]]


def test_a_whole_run_passes(collected: Collected) -> None:
    """Everything that could be found was: posts, quotes and files in numbers that prove something."""
    report = collected.report()

    assert failures(report) == []
    assert report["posts_expected"] > 20
    assert report["quotes_expected"] > 0
    assert report["media_expected"] > 5
    assert report["snapshots"] > 20
    assert report["http_429"] == 0


def test_a_missing_post_fails(collected: Collected) -> None:
    """A post that is not in MongoDB is counted and named."""
    with without(collected.db, "X_tweets", {"_id": an_expected_post(collected)}) as post:
        report = collected.report()

    assert "posts_missed is 1, not 0" in failures(report)
    assert report["missing"]["posts"] == [post["_id"]]
    assert report["posts_collected"] == report["posts_expected"] - 1


def test_a_handle_that_no_stream_carries_fails(collected: Collected, simulator: Simulator) -> None:
    """What is expected follows from the names that were to be followed, not from what Covey says it follows."""
    strangers = [
        name for name in simulator.names() if name not in collected.names
    ]  # one alone may write next to nothing

    report = replace(collected, names=[*collected.names, *strangers]).report()

    assert report["posts_missed"] > 0


def test_a_long_run_in_which_nothing_was_read_again_fails(collected: Collected) -> None:
    """Without one reading of quotes or one snapshot a run of half a minute proves nothing of them."""
    report = collected.report() | {"followed_seconds": 30.0, "quote_readings": 0, "snapshots": 0}

    assert failures(report) == [f"{name} is 0: nothing was proven of them" for name in ("quote_readings", "snapshots")]


def test_a_missing_quote_fails(collected: Collected) -> None:
    """A quote of a post whose quotes were read is counted and named."""
    sweeps = collected.db["X_sweeps"].find({"kind": "quotes", "status": "complete"})
    quote = next(
        quote["id"]
        for sweep in sweeps
        for quoted in {sweep["subject"], *map(str, sweep.get("posts") or ())}
        for quote in collected.truth.quotes(quoted)
        if not quote["unsearchable_at"] and datetime.fromisoformat(quote["searchable_at"]) < sweep["started_at"]
    )

    with without(collected.db, "X_tweets", {"_id": quote}):
        report = collected.report()

    assert "quotes_missed is 1, not 0" in failures(report)
    assert report["missing"]["quotes"] == [quote]


def test_a_corrupted_file_fails(collected: Collected) -> None:
    """One flipped byte in a stored file is a bad checksum."""
    path = a_file(collected)
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    try:
        report = collected.report()
    finally:
        path.write_bytes(content)

    assert failures(report) == ["media_bad_checksum is 1, not 0"]
    assert len(report["missing"]["bad_checksum"]) == 1


def test_a_missing_file_fails(collected: Collected) -> None:
    """A document that says ok does not stand for a file that is gone."""
    path = a_file(collected)
    content = path.read_bytes()
    path.unlink()
    try:
        report = collected.report()
    finally:
        path.write_bytes(content)

    assert failures(report) == ["media_missed is 1, not 0"]


def test_a_duplicate_fails(collected: Collected) -> None:
    """One post under two keys, and two snapshots of one reading, are two duplicates."""
    post = collected.db["X_tweets"].find_one({}) or {}
    snapshot = collected.db["X_engagement_history"].find_one({}) or {}
    collected.db["X_tweets"].insert_one(post | {"_id": "again"})
    collected.db["X_engagement_history"].insert_one(snapshot | {"_id": "again"})
    try:
        report = collected.report()
    finally:
        collected.db["X_tweets"].delete_one({"_id": "again"})
        collected.db["X_engagement_history"].delete_one({"_id": "again"})

    assert failures(report) == ["duplicates is 2, not 0"]


def test_a_refused_call_and_an_empty_world_fail(collected: Collected) -> None:
    """A 429 anywhere is counted, and a world in which nothing happened proves nothing."""
    quiet, process = start_simulator("--activity", "0", "--history-hours", "0", "--limit=usage/tweets=1")
    try:
        for _ in range(2):
            answer = requests.get(
                f"{quiet.url}/2/usage/tweets", headers={"Authorization": "Bearer sim-greedy"}, timeout=5
            )
        report = gather(collected.db, Truth(quiet.url), collected.names, collected.interval, collected.folder)
    finally:
        process.terminate()
        process.communicate()

    assert answer.status_code == 429
    assert failures(report) == ["http_429 is 1, not 0", "the world posted nothing: nothing was proven"]


def test_a_request_that_cost_otherwise_than_it_was_to_fails(collected: Collected) -> None:
    """More than a fifth away, in either direction; what cost nothing, as it was to, passes."""
    run = {"kind": "track", "estimate_usd": 1.0, "cost_usd": 1.19, "difference_ratio": 0.19}
    free = run | {"estimate_usd": 0.0, "cost_usd": 0.0, "difference_ratio": None}
    dear, cheap = run | {"cost_usd": 1.21, "difference_ratio": 0.21}, run | {"cost_usd": 0.5, "difference_ratio": -0.5}
    report = collected.report()

    assert failures(report | {"runs": [run, free]}) == []
    assert failures(report | {"runs": [dear, cheap]}) == [
        "track was to cost $1.000 and cost $1.210",
        "track was to cost $1.000 and cost $0.500",
    ]
