"""Days in minutes: midnights, a scheduler that is away for nine days, and what it costs by the routes that there are.

The clocks of X and of all processes go ahead together, step by step; Redis and MongoDB stay at the machine's time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from control import commands
from control.evidence import Interval
from control.look_up import look_up
from shared.domain.coverage.gaps import GapState
from shared.domain.jobs import ALL_QUEUES
from shared.domain.money.prices import MICRO
from tests.faults.coverage_judge import Away
from tests.faults.coverage_look import Outcome, finding, look
from tests.faults.coverage_run import LATE_SHARE, order, posts_of
from tests.faults.coverage_world import listen, terms_sources
from tests.faults.finding import Finding
from tests.faults.later_clock import Ahead, clocks
from tests.faults.later_flock import LaterFlock
from tests.faults.queue_fleet import wait_until

HISTORY = timedelta(minutes=30)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
# A step of the clocks, and how long the work has for it: a day in 72 s.
STEP, STEP_SECONDS = timedelta(minutes=2), 0.1
SLOW_STEP = timedelta(seconds=1)
FILLED_WITHIN_SECONDS = 240.0
SETTLED_WITHIN = timedelta(hours=12)
FINDABLE = timedelta(hours=6)
# In the days' own time, which goes 1,200 times faster than the machine's.
RHYTHM: dict[str, Any] = {
    "search_interval_seconds": 3_600.0,
    "reread_after_seconds": 2_100.0,
    "reread_every_seconds": 3_600.0,
    "quotes_interval_seconds": 6 * 3_600.0,
    "refresh_interval_seconds": 1e8,  # counts are not what is compared here
    "refresh_lease_seconds": 7_200.0,
    "stalled_after_seconds": 14_400.0,
    "reconcile_interval_seconds": 3_600.0,
    "job_limit_seconds": 1e7,
    "scheduler_tick_seconds": 0.1,
}
RECENT_ALONE: dict[str, Any] = {"compliance_every_seconds": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """How large a run is, in days of its own time. before, after: the scheduler's pause."""

    accounts: int
    terms: int
    activity: float
    before: timedelta
    pause: timedelta
    after: timedelta


class DaysFlock(LaterFlock):
    """A flock whose clocks, and X's, can be sent ahead."""

    def go(self, by: timedelta) -> None:
        """So much time passes at once."""
        order(self, "clock", {"seconds": by.total_seconds()})
        self.ahead.go(by.total_seconds())

    def run(self, length: timedelta, *, step: timedelta = STEP, each: Callable[[], None] = lambda: None) -> None:
        """So much time passes, step by step, and the work is done meanwhile."""
        until, pause = self.services.clock.now() + length, threading.Event()
        while self.services.clock.now() < until:
            self.go(step)
            each()
            pause.wait(STEP_SECONDS)


@dataclass
class ByRecentAlone:
    """Who has the recent search and nothing else learns what became of posts by reading the last seven days again,
    once a day: X bills each of them anew."""

    flock: DaysFlock
    day: int = 0

    def look(self) -> None:
        """Read all of them again where a new day began."""
        today = self.flock.services.clock.now().toordinal()
        if self.day and today != self.day:
            for stream in self.flock.services.stores.streams.active():
                self._read(stream.query)
        self.day = today

    def _read(self, query: str) -> None:
        start = self.flock.services.clock.now() - 7 * DAY + timedelta(minutes=1)
        asked = {"query": query, "max_results": "100", "start_time": start.strftime("%Y-%m-%dT%H:%M:%SZ")}
        token: str | None = ""
        while token is not None:
            answer = requests.get(
                f"{self.flock.x_url}/2/tweets/search/recent",
                params=asked | ({"next_token": token} if token else {}) | {"tweet.fields": "author_id"},
                headers={"Authorization": "Bearer sim-by-recent-alone"},
                timeout=30,
            )
            answer.raise_for_status()
            token = answer.json()["meta"].get("next_token")


def nine_days(folder: Path, *, seed: int, days: Days) -> Finding:
    """V2: days pass in minutes, and the scheduler is away for nine of them; then the same by the recent search alone,
    which has no archive, no compliance jobs, and reads a week again each day to know what is gone."""
    began_at = datetime.now(UTC).replace(microsecond=0)
    outcomes = {}
    for routes in ("all", "recent"):
        (own := folder / routes).mkdir()
        outcomes[routes] = _run(own, seed, days, began_at, has_all=routes == "all")
    (ours, ids), (peer, its_ids) = outcomes["all"], outcomes["recent"]
    told = finding("V2", _what(days), ours)
    both = len(ids & its_ids)
    beside = (
        f"; by the recent search alone the same days cost ${peer.money.theirs / MICRO:.2f}, and of {len(ids)} posts "
        f"stored it has {both}, with {peer.judged.beyond} told to be out of reach, {len(peer.judged.missing)} missing"
    )
    return Finding(
        told.id,
        passed=told.passed and not peer.judged.missing and peer.judged.beyond > 0,
        figure=told.figure + beside,
        limit=told.limit,
        details={**told.details, "by_recent_alone": finding("V2", "", peer).details, "stored_by_both": both},
    )


def _what(days: Days) -> str:
    return (
        f"{days.accounts} accounts and {days.terms} sources of terms for {(days.before + days.after) / DAY:g} days, "
        f"the scheduler away for {days.pause / DAY:g} days between"
    )


def _run(folder: Path, seed: int, days: Days, began_at: datetime, *, has_all: bool) -> tuple[Outcome, frozenset[str]]:
    """One run; also the ids of the posts that it demands and stored."""
    ahead = Ahead(folder / "ahead")
    ahead.go((began_at - datetime.now(UTC)).total_seconds())
    world = (
        *("--seed", str(seed), "--time-start", began_at.isoformat(), "--time-offset-seconds", str(ahead.seconds)),
        *("--accounts", str(days.accounts), "--activity", str(days.activity), "--tempo", "1"),
        *("--late-share", str(LATE_SHARE), "--late-min-seconds", "1", "--late-max-seconds", "1800"),
        "--archive" if has_all else "--no-archive",
    )
    rhythm = RHYTHM | ({} if has_all else RECENT_ALONE)
    with ExitStack() as stack:
        stack.enter_context(clocks(ahead))
        flock = stack.enter_context(DaysFlock(folder, ahead, world=world, **rhythm))
        names = flock.truth.accounts()
        terms = terms_sources(days.terms, look_back_seconds=round(HISTORY.total_seconds()))
        workers = [flock.worker(ALL_QUEUES) for _ in range(2)]
        scheduler = flock.scheduler()
        commands.track(flock.services, names, since=HISTORY, found=look_up(flock.services, names))
        listen(flock.services, terms)
        wait_until(lambda: flock.services.stores.posts.count() > 0, 60, "the work has begun")
        tracked_at, posts_before, clock = flock.services.clock.now(), posts_of(flock), flock.services.clock
        peer = ByRecentAlone(flock)
        each = (lambda: None) if has_all else peer.look
        flock.run(days.before, each=each)
        flock.kill(scheduler)
        away_from = clock.now()
        for _ in range(36):
            flock.go(days.pause / 36)
        flock.kill(workers.pop())
        workers.append(flock.worker(ALL_QUEUES))
        flock.scheduler()
        left = _filled(flock)
        away = Away(away_from, clock.now())
        flock.run(days.after, each=each)
        until = clock.now()
        rate = (posts_of(flock) - posts_before) / (until - tracked_at).total_seconds() * 60
        left = left or _settled(flock, until)
        for process in flock.processes[1:]:
            flock.kill(process)
        interval = Interval(tracked_at - HISTORY, tracked_at, until, FINDABLE)
        outcome = look(flock, names, terms, interval, left=left, rate=rate, away=away)
        stored = flock.services.stores.db["X_tweets"].distinct("_id", {"concerns": {"$exists": True}})
    return outcome, frozenset(stored)


def _left(flock: DaysFlock, until: datetime) -> str:
    stores = flock.services.stores
    left = {
        "open gaps": sum(gap.state is GapState.OPEN for gap in stores.gaps.missing()),
        "seconds that wait": round(stores.intervals.seconds_waiting(before=until)),
        "streams behind": sum(stream.covered_through < until for stream in stores.streams.active()),
    }
    return ", ".join(f"{count} {what}" for what, count in left.items() if count)


def _filled(flock: DaysFlock) -> str:
    """Let time pass slowly, so that nothing more leaves X's reach, until all streams go on and no gap is open."""
    back_at, deadline = flock.services.clock.now(), time.monotonic() + FILLED_WITHIN_SECONDS
    stores = flock.services.stores
    while time.monotonic() < deadline:
        flock.run(SLOW_STEP * 10, step=SLOW_STEP)
        behind = [one for one in stores.streams.active() if one.covered_through < back_at - HOUR]
        if not behind and not any(gap.state is GapState.OPEN for gap in stores.gaps.missing()):
            return ""
    return f"after the pause {_left(flock, back_at - DAY)}"


def _settled(flock: DaysFlock, until: datetime) -> str:
    """Let time pass until all before `until` was read a second time; answers what is left."""
    last = flock.services.clock.now() + SETTLED_WITHIN
    while flock.services.clock.now() < last and _left(flock, until):
        flock.run(HOUR / 2)
    return _left(flock, until)
