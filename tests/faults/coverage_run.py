"""The main job while posts come late into X's search and everything fails once: what is missing in the end.

An independent judge, the simulator's own truth, says which posts there were, and whom each concerns.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from control import commands
from control.evidence import Interval
from control.look_up import look_up
from shared.domain.coverage.gaps import GapState
from shared.domain.jobs import ALL_QUEUES
from shared.stores.database import ServerClock
from tests.faults.coverage_live import Listeners
from tests.faults.coverage_look import finding, look
from tests.faults.coverage_world import listen, live_accounts, terms_sources
from tests.faults.finding import Finding
from tests.faults.flock import WholeFlock
from tests.faults.queue_fleet import wait_until
from tests.faults.queue_mongodb import settle

HISTORY = timedelta(minutes=5)
WORKERS = 3
LATE_SHARE = 0.05
X_AWAY_SECONDS, MONGO_AWAY_SECONDS = 20.0, 10.0
REREAD_EVERY_SECONDS = 20.0
# A post that was there for less may have come and gone between two sweeps, one of which met an outage or a crash.
FINDABLE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How large a run is. late_seconds: the most that a post comes late into the search, beyond its lag. live: so many
    accounts, and a quarter as many sources of terms, are wanted live. by_recent_alone: no archive, no streams, no
    compliance jobs. search_seconds, refresh_time_scale, compliance_seconds: settings of the flock."""

    accounts: int
    terms: int
    activity: float
    seconds: float
    late_seconds: float
    kills: int
    settle_seconds: float
    search_seconds: float = 5.0
    refresh_time_scale: float = 0.05
    compliance_seconds: float = 60.0
    live: int = 0
    by_recent_alone: bool = False


def late_posts(folder: Path, *, seed: int, run: Run) -> Finding:
    """V1: one post in twenty comes late; workers and listeners are killed, streams end, X is away twice and MongoDB
    once; an account is hidden for a while."""
    options = (
        *("--accounts", str(run.accounts), "--activity", str(run.activity), "--late-share", str(LATE_SHARE)),
        *("--late-min-seconds", "1", "--late-max-seconds", str(run.late_seconds), "--seed", str(seed)),
        "--no-archive" if run.by_recent_alone else "--archive",
    )
    rhythm = {
        "heartbeat_timeout_seconds": 3.0,
        "search_interval_seconds": run.search_seconds,
        "reread_after_seconds": run.late_seconds + 10.0,
        "reread_every_seconds": REREAD_EVERY_SECONDS,
        "stalled_after_seconds": 15.0,
        "reconcile_interval_seconds": 5.0,
        "refresh_time_scale": run.refresh_time_scale,
        "compliance_every_seconds": 0.0 if run.by_recent_alone else run.compliance_seconds,
        "account_look_seconds": 30.0,
    }
    with WholeFlock(folder, world=options, **rhythm) as flock:
        clock = ServerClock(flock.services.stores.db)
        flock.scheduler()
        names = flock.truth.accounts()
        rng = random.Random(seed)
        listeners = Listeners(flock, rng) if run.live else None
        terms = terms_sources(run.terms, look_back_seconds=round(HISTORY.total_seconds()), live=run.live // 4)
        commands.track(flock.services, names, since=HISTORY, found=look_up(flock.services, names))
        listen(flock.services, terms)
        if listeners:
            live_accounts(flock.services, names[: run.live])
            listeners.begin()
        tracked_at, posts_before = clock.now(), posts_of(flock)
        _hurt(flock, run, rng, names, listeners)
        until = clock.now()
        rate = (posts_of(flock) - posts_before) / (until - tracked_at).total_seconds() * 60
        left = settle(flock, until, seconds=run.settle_seconds) or verified(flock, until, run.settle_seconds)
        for process in flock.processes[1:]:  # all but the simulator
            flock.kill(process)
        interval = Interval(tracked_at - HISTORY, tracked_at, until, FINDABLE)
        live = listeners.told(flock.services, since=tracked_at, until=clock.now()) if listeners else None
        outcome = look(flock, names, terms, interval, left=left, rate=rate, live=live)
    size = f"{run.accounts} accounts and {run.terms} sources of terms, {rate:.0f} posts a minute"
    by = ", by the recent search alone" if run.by_recent_alone else ""
    return finding("V1", f"{size} for {run.seconds:.0f} s, {run.kills} kills{by}", outcome)


def _hurt(flock: WholeFlock, run: Run, rng: random.Random, names: Sequence[str], listeners: Listeners | None) -> None:
    """All that goes wrong, while the flock works."""
    workers = [flock.worker(ALL_QUEUES) for _ in range(WORKERS)]
    wait_until(lambda: flock.services.stores.posts.count() > 0, 60, "the work has begun")
    damage = [x_away, _mongo_away, x_away]
    hidden = {"account": names[0]}
    for number in range(run.kills):
        threading.Event().wait(run.seconds / run.kills)
        flock.kill(workers.pop(rng.randrange(len(workers))))
        workers.append(flock.worker(ALL_QUEUES))
        if listeners:
            listeners.hurt()
        if number == run.kills // 4:
            order(flock, "accounts", {**hidden, "change": "protect"})
        if number == run.kills // 2:
            order(flock, "accounts", {**hidden, "change": "restore"})
        if number % max(1, run.kills // len(damage)) == 0 and damage:
            with damage.pop(0)(flock):
                pass


@contextmanager
def x_away(flock: WholeFlock) -> Iterator[None]:
    """Every call gets 503 for a while."""
    rule = {"match": {"endpoint": "*"}, "answer": {"kind": "server_error", "status": 503}}
    order(flock, "faults", {"seed": 1, "rules": [rule]})
    threading.Event().wait(X_AWAY_SECONDS)
    yield
    order(flock, "faults", {})


@contextmanager
def _mongo_away(flock: WholeFlock) -> Iterator[None]:
    """MongoDB is killed, and started again on its data."""
    flock.mongo.process.kill()
    flock.mongo.process.wait()
    threading.Event().wait(MONGO_AWAY_SECONDS)
    yield
    flock.mongo.start_again()


def order(flock: WholeFlock, path: str, body: dict[str, Any]) -> None:
    requests.post(f"{flock.x_url}/_sim/{path}", json=body, timeout=10).raise_for_status()


def posts_of(flock: WholeFlock) -> int:
    """How many posts there are in the world."""
    answer = requests.get(f"{flock.x_url}/_sim/health", timeout=10)
    answer.raise_for_status()
    return int(answer.json()["posts"])


def verified(flock: WholeFlock, until: datetime, seconds: float) -> str:
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
