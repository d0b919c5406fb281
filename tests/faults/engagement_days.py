"""Engagement end to end: days in minutes, real servers and processes, tiers beside the planner for equal money.

The same world twice: the simulator draws it from its seed and the time at which it begins. What is stored is compared
with what X would show at that moment, every hour of the days, for all posts that are known.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from control import commands
from control.look_up import look_up
from shared.domain import snowflake
from shared.domain.jobs import ALL_QUEUES
from shared.domain.models import PostState, WorkClass
from shared.domain.money.prices import MICRO
from shared.stores.posts import metrics_from_document
from tests.faults.coverage_days import DAY, HOUR, RHYTHM, DaysFlock
from tests.faults.engagement_clock import limits_by_the_same_clock
from tests.faults.finding import Finding
from tests.faults.flock import Process, WholeFlock
from tests.faults.later_clock import Ahead, clocks
from tests.faults.queue_fleet import wait_until

# The last reading of a day is due at 23:50: there the clocks go so slowly that a flock has seconds for it.
SLOW_FROM, SLOW_UNTIL, SLOW_STEP = timedelta(minutes=20), timedelta(minutes=20), timedelta(seconds=10)
STEP = timedelta(minutes=2)
SHARE = 0.01
LIMIT = "the planner errs less than tiers, for no more money; the ledger is the bill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """before: until errors are added up. posts_a_day: that engagement may buy."""

    accounts: int
    activity: float
    before: timedelta
    judged: timedelta
    posts_a_day: int


@dataclass(slots=True)
class Outcome:
    """gaps: in acts, of all posts at all looks; true: their counts; relative: gaps as parts of them, added up."""

    gaps: float = 0.0
    true: float = 0.0
    relative: float = 0.0
    looks: int = 0
    posts: int = 0
    usd_engagement: float = 0.0
    usd: float = 0.0
    usd_billed: float = 0.0
    free: int = 0
    calls: int = 0

    @property
    def error(self) -> float:
        """Weighted: acts that are lacking, or too many, by those that there are."""
        return self.gaps / max(1.0, self.true)


def tiers_beside_planner(folder: Path, *, seed: int, days: Days) -> Finding:
    """E1: posts are followed for days by tiers, then by the planner, in one world and for the same money."""
    began_at = datetime.now(UTC).replace(microsecond=0)
    found = {}
    for by in ("tiers", "planner"):
        (own := folder / by).mkdir()
        found[by] = _run(own, seed, days, began_at, by)
    tiers, planner = found["tiers"], found["planner"]
    ratio = planner.error / tiers.error if tiers.error else 1.0
    is_paid = all(abs(one.usd - one.usd_billed) < 1e-6 for one in found.values())
    told = "; ".join(
        f"{by}: {one.error:.4f} of all acts, {one.relative / max(1, one.posts):.4f} a post, "
        f"${one.usd_engagement:.3f} for counts, {one.free} free readings, {one.calls} calls, "
        f"${one.usd:.3f} in all, bill ${one.usd_billed:.3f}"
        for by, one in found.items()
    )
    return Finding(
        "E1",
        passed=ratio < 1 and is_paid and planner.usd_engagement <= tiers.usd_engagement * 1.005 + 0.05,
        figure=f"the planner's error is {ratio:.3f} of that of tiers, over {planner.looks} looks ({told})",
        limit=LIMIT,
        details={
            by: {name: getattr(one, name) for name in one.__slots__} | {"error": one.error} for by, one in found.items()
        },
    )


def _run(folder: Path, seed: int, days: Days, began_at: datetime, by: str) -> Outcome:
    ahead = Ahead(folder / "ahead")
    ahead.go((began_at - datetime.now(UTC)).total_seconds())
    world = (
        *("--seed", str(seed), "--time-start", began_at.isoformat(), "--time-offset-seconds", str(ahead.seconds)),
        *("--accounts", str(days.accounts), "--activity", str(days.activity), "--tempo", "1"),
    )
    rhythm: dict[str, Any] = RHYTHM | {
        "refresh_interval_seconds": 240.0,
        "refresh_time_scale": 1.0,
        "refresh_by": by,
        # A hundred times what engagement may spend of it, so that no other work is short of money.
        "budget_day_usd": days.posts_a_day * 0.005 / SHARE,
        "budget_shares": json.dumps({WorkClass.ENGAGEMENT.value: SHARE}),
        "compliance_every_seconds": 0.0,
    }
    with ExitStack() as stack:
        stack.enter_context(clocks(ahead))
        stack.enter_context(limits_by_the_same_clock())
        flock = stack.enter_context(SameDaysFlock(folder, ahead, world=world, **rhythm))
        names = flock.truth.accounts()
        for _ in range(2):
            flock.worker(ALL_QUEUES)
        flock.scheduler()
        commands.track(flock.services, names, since=timedelta(hours=6), found=look_up(flock.services, names))
        wait_until(lambda: flock.services.stores.posts.count() > 0, 60, "the work has begun")
        outcome = Outcome()
        _pass(flock, days.before, lambda: None)
        _pass(flock, days.judged, lambda: _look(flock, outcome))
        for process in flock.processes[1:]:
            flock.kill(process)
        _pay(flock, outcome)
    return outcome


class SameDaysFlock(DaysFlock):
    """Whose limiter goes by the same clock as all else."""

    def _start(self, arguments: list[str], **environment: str) -> Process:
        later = ["-m", "tests.faults.engagement_clock", str(self.ahead.file), *arguments[1:]]
        return WholeFlock._start(self, later, **environment)


def _pass(flock: DaysFlock, length: timedelta, each_hour: Callable[[], None]) -> None:
    """So much time passes, slowly around midnight; something is done every hour."""
    clock = flock.services.clock
    until, look_at = clock.now() + length, clock.now()
    while clock.now() < until:
        now = clock.now()
        since = timedelta(hours=now.hour, minutes=now.minute, seconds=now.second)
        is_midnight = since < SLOW_UNTIL or DAY - since < SLOW_FROM
        step = SLOW_STEP if is_midnight else STEP
        flock.run(step, step=step)
        if clock.now() >= look_at:
            each_hour()
            look_at += HOUR


def _look(flock: DaysFlock, outcome: Outcome) -> None:
    """What is stored of every post of the last seven days that is known, beside what X would show of it now."""
    since = str(snowflake.first_id_at(flock.services.clock.now() - 7 * DAY))
    states = flock.services.stores.db["X_engagement"]
    query = {"_id": {"$gte": since}, "state": PostState.ALIVE.value}
    stored = {one["_id"]: one["metrics"] for one in states.find(query, {"metrics": 1})}
    answer = requests.post(f"{flock.x_url}/_sim/metrics", json={"post_ids": list(stored)}, timeout=60)
    answer.raise_for_status()
    for post_id, counts in answer.json()["metrics"].items():
        true = _acts(counts)
        gap = abs(true - _acts(stored[post_id] or {}))
        outcome.gaps, outcome.true = outcome.gaps + gap, outcome.true + true
        outcome.relative, outcome.posts = outcome.relative + gap / max(1, true), outcome.posts + 1
    outcome.looks += 1


def _acts(counts: dict[str, int]) -> int:
    return metrics_from_document(counts).engagement or 0


def _pay(flock: DaysFlock, outcome: Outcome) -> None:
    """The money of the run, by the ledger and by X."""
    flock.services.ledger.copy()
    today = flock.services.clock.now().date()
    rows = flock.services.stores.ledger.between(today - timedelta(days=60), today + timedelta(days=1))
    for key, sums in rows.items():
        outcome.usd += sums.micro_usd / MICRO
        if key.work_class is WorkClass.ENGAGEMENT:
            outcome.usd_engagement += sums.micro_usd / MICRO
            outcome.free += sum(sums.reread.values())
            outcome.calls += sums.calls
    bill = requests.get(f"{flock.x_url}/_sim/bill", timeout=30).json()
    outcome.usd_billed = bill["micro_usd"] / MICRO
