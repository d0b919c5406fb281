"""The main job while posts come late into X's search and everything fails once: what is missing in the end.

An independent judge, the simulator's own truth, says which posts there were.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from control import commands
from control.coverage import coverage
from control.evidence import Interval, gather
from shared.domain.coverage.gaps import GapState
from shared.domain.jobs import ALL_QUEUES
from shared.stores.database import ServerClock
from tests.faults.finding import Finding
from tests.faults.flock import WholeFlock
from tests.faults.queue_fleet import wait_until
from tests.faults.queue_mongodb import settle

HISTORY = timedelta(minutes=5)
WORKERS = 3
LATE_SHARE = 0.05
X_AWAY_SECONDS, MONGO_AWAY_SECONDS = 20.0, 10.0
REREAD_EVERY_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How large a run is. late_seconds: the most that a post comes late into the search, beyond its lag."""

    accounts: int
    activity: float
    seconds: float
    late_seconds: float
    kills: int
    settle_seconds: float


def late_posts(folder: Path, *, seed: int, run: Run) -> Finding:
    """V1: one post in twenty comes late; workers are killed, X is away twice and MongoDB once."""
    rng = random.Random(seed)
    options = (
        *("--accounts", str(run.accounts), "--activity", str(run.activity), "--late-share", str(LATE_SHARE)),
        *("--late-min-seconds", "1", "--late-max-seconds", str(run.late_seconds)),
    )
    rhythm = {
        "heartbeat_timeout_seconds": 3.0,
        "search_interval_seconds": 5.0,
        "reread_after_seconds": run.late_seconds + 10.0,
        "reread_every_seconds": REREAD_EVERY_SECONDS,
        "stalled_after_seconds": 15.0,
        "reconcile_interval_seconds": 5.0,
    }
    with WholeFlock(folder, world=options, **rhythm) as flock:
        clock = ServerClock(flock.services.stores.db)
        flock.scheduler()
        workers = [flock.worker(ALL_QUEUES) for _ in range(WORKERS)]
        names = flock.truth.accounts()
        commands.track(flock.services, names, since=HISTORY)
        tracked_at = clock.now()
        wait_until(lambda: flock.services.stores.posts.count() > 0, 60, "the work has begun")
        damage = [_x_away, _mongo_away, _x_away]
        for number in range(run.kills):
            threading.Event().wait(run.seconds / run.kills)
            flock.kill(workers.pop(rng.randrange(len(workers))))
            workers.append(flock.worker(ALL_QUEUES))
            if number % max(1, run.kills // len(damage)) == 0 and damage:
                with damage.pop(0)(flock):
                    pass
        until = clock.now()
        left = settle(flock, until, seconds=run.settle_seconds) or _verified(flock, until, run.settle_seconds)
        findable = timedelta(seconds=run.seconds + run.settle_seconds)
        interval = Interval(tracked_at - HISTORY, tracked_at, until, findable)
        report = gather(flock.services.stores.db, flock.truth, names, interval, flock.services.settings.media_path)
        late = _late(flock, names, interval)
        rows = coverage(flock.services, [], window=timedelta(days=1))
    return finding(run, report, late, rows, left)


@contextmanager
def _x_away(flock: WholeFlock) -> Iterator[None]:
    """Every call gets 503 for a while."""
    rule = {"match": {"endpoint": "*"}, "answer": {"kind": "server_error", "status": 503}}
    requests.post(f"{flock.x_url}/_sim/faults", json={"seed": 1, "rules": [rule]}, timeout=10).raise_for_status()
    threading.Event().wait(X_AWAY_SECONDS)
    yield
    requests.post(f"{flock.x_url}/_sim/faults", json={}, timeout=10).raise_for_status()


@contextmanager
def _mongo_away(flock: WholeFlock) -> Iterator[None]:
    """MongoDB is killed, and started again on its data."""
    flock.mongo.process.kill()
    flock.mongo.process.wait()
    threading.Event().wait(MONGO_AWAY_SECONDS)
    yield
    flock.mongo.start_again()


def _verified(flock: WholeFlock, until: datetime, seconds: float) -> str:
    """Wait until every gap is filled and all up to `until` was read a second time; answers what is left."""
    stores, deadline, pause = flock.services.stores, time.monotonic() + seconds, threading.Event()
    while True:
        left = {
            "open gaps": sum(gap.state is GapState.OPEN for gap in stores.gaps.missing()),
            "seconds that wait": round(stores.intervals.seconds_waiting(before=until)),
        }
        if not any(left.values()) or time.monotonic() > deadline:
            return ", ".join(f"{count} {what}" for what, count in left.items() if count)
        pause.wait(0.5)


@dataclass(frozen=True, slots=True)
class Late:
    """Posts that X showed late: all, those that are stored, and those that only the second reading found."""

    posts: int
    stored: int
    by_rereading: int


def _late(flock: WholeFlock, names: list[str], interval: Interval) -> Late:
    late: set[str] = set()
    for name in names:
        query = f"(from:{name} OR to:{name} OR @{name}) -is:retweet"
        posts = flock.truth.posts(query, since=interval.tracked_at, until=interval.until)
        late |= {post["id"] for post in posts if post["late_seconds"] and not post["unsearchable_at"]}
    found = flock.services.stores.db["X_tweets"].count_documents({"_id": {"$in": list(late)}})
    read = flock.services.stores.intervals.of([one.id for one in flock.services.stores.streams.that_carried(names)])
    return Late(len(late), found, sum(one.late for one in read))


def finding(run: Run, report: dict[str, Any], late: Late, rows: list[dict[str, Any]], left: str) -> Finding:
    lost = sum(len(ids) for ids in report["missing"].values())
    whole = sum(row["covered_ratio"] == 1 and row["unaccounted_seconds"] == 0 for row in rows)
    verified = min((row["verified_ratio"] or 0.0 for row in rows), default=0.0)
    passed = lost == report["duplicates"] == 0 and late.stored == late.posts > 0 and whole == len(rows) and not left
    calls = ", ".join(f"{name} {count}" for name, count in report["calls_by_endpoint"].items())
    return Finding(
        "V1",
        passed=passed,
        figure=f"{run.accounts} accounts, {run.seconds:.0f} s, {run.kills} kills: of {report['posts_expected']} posts "
        f"and {report['quotes_expected']} quotes {lost} missing, {report['duplicates']} twice; {late.stored} of "
        f"{late.posts} late ones stored, {late.by_rereading} found by reading again; {whole} of {len(rows)} accounts "
        f"covered whole, "
        f"at least {verified:.1%} of each verified; calls: {calls}"
        + (f"; missing: {report['missing']}" if lost else "")
        + (f"; never settled: {left}" if left else ""),
        limit="0 missing, late ones too, 0 twice; every account is covered whole, and every moment accounted for",
    )
