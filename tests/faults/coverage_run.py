"""The main job while posts come late into X's search and everything fails once: what is missing in the end.

An independent judge, the simulator's own truth, says which posts there were, and whom each concerns. The same world is
run a second time by the recent search alone: the simulator draws it from its seed and the time at which it begins, so
the clocks of the second run are set back to the beginning of the first.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import requests

from control import commands
from control.evidence import Interval
from control.look_up import look_up
from shared.domain.coverage.gaps import GapState
from shared.domain.jobs import ALL_QUEUES
from shared.domain.money.prices import MICRO
from shared.domain.outcomes import MAX_BACKOFF_SECONDS
from shared.stores.database import ServerClock
from tests.faults.coverage_live import Listeners
from tests.faults.coverage_look import Outcome, finding, look
from tests.faults.coverage_world import Listened, listen, live_accounts, terms_sources
from tests.faults.finding import Finding
from tests.faults.flock import WholeFlock
from tests.faults.later_clock import Ahead, clocks
from tests.faults.later_flock import LaterFlock
from tests.faults.queue_fleet import wait_until
from tests.faults.queue_mongodb import settle

HISTORY = timedelta(minutes=5)
WORKERS = 3
LATE_SHARE = 0.05
# Three times as many as by itself, so that streams have some to tell.
DELETED_SHARE = 0.1
X_AWAY_SECONDS, MONGO_AWAY_SECONDS = 20.0, 10.0
REREAD_EVERY_SECONDS = 20.0
# A post that was there for less may have come and gone between two sweeps, one of which met an outage or a crash.
FINDABLE = timedelta(minutes=2)
# Of accounts, by their place, which takes another name at which kill: where both streams are heard, by `ACTS`.
RENAMES = {1: 1, 5: -1}
# After the beginning of the world, when all of its flock is at work.
HIDDEN_AFTER = timedelta(seconds=60)
# What ended before the last but one compliance round is known to be gone. A round that meets two outages waits for the
# longest backoff of its job, as measured: nothing that ended after the first was known for four minutes.
KNOWN_AFTER_ROUNDS, HELD_UP = 3, timedelta(seconds=MAX_BACKOFF_SECONDS)


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


@dataclass
class Pair:
    """What the first of two runs in one world leaves for the second; nothing where that is run by itself."""

    began_at: datetime | None = None
    outcome: Outcome | None = None


def late_posts(folder: Path, *, seed: int, run: Run, pair: Pair) -> Finding:
    """V1: one post in twenty comes late; workers and listeners are killed, streams end, X is away twice and MongoDB
    once; an account is hidden for a while, two take other names."""
    pair.began_at = datetime.now(UTC).replace(microsecond=0)
    with WholeFlock(folder, world=_world(seed, run, pair.began_at, 0.0), **_rhythm(run)) as flock:
        outcome = pair.outcome = _followed(flock, seed, run, pair.began_at)
    return finding("V1", _size(run, outcome), outcome)


def late_posts_by_recent_alone(folder: Path, *, seed: int, run: Run, pair: Pair) -> Finding:
    """V1: the same posts and the same faults by the recent search alone, without archive, timelines, streams and
    compliance jobs. Run after the other one it has the very same world, post by post, because its clocks go back to
    that one's beginning; run by itself it has a world of its own, of the same seed and size. What is gone it could
    know by reading all again, which X gives for nothing on the day on which it was bought: days are what `V2` is for.
    """
    began_at = pair.began_at or datetime.now(UTC).replace(microsecond=0)
    ahead = Ahead(folder / "ahead")
    ahead.go((began_at - datetime.now(UTC)).total_seconds())
    world = _world(seed, run, began_at, ahead.seconds)
    with clocks(ahead), LaterFlock(folder, ahead, world=world, **_rhythm(run)) as flock:
        peer = _followed(flock, seed, run, began_at)
    told = finding("V1", f"{_size(run, peer)}, by the recent search alone", peer)
    if pair.outcome is None:
        return replace(told, figure=f"{told.figure}; run by itself: there is nothing to compare with")
    return beside(told, peer, pair.outcome)


def beside(told: Finding, peer: Outcome, first: Outcome) -> Finding:
    """The finding of the second run, with what both stored and what each paid."""
    both = peer.demanded & first.demanded
    stored = both & peer.stored & first.stored
    cost = {"all_routes": _cost(first), "recent_alone": _cost(peer)}
    said = ", ".join(
        f"{name} ${one['usd_billed']:.2f}, ${one['usd_a_thousand']:.2f} a thousand" for name, one in cost.items()
    )
    return replace(
        told,
        passed=told.passed and len(stored) == len(both) > 0,
        figure=f"{told.figure}; of {len(both)} posts that both runs have to store both stored {len(stored)} "
        f"({len(first.demanded - both)} and {len(peer.demanded - both)} are demanded of one alone); billed: {said}",
        details={**told.details, "of_both": len(both), "stored_by_both": len(stored), "cost": cost},
    )


def _cost(outcome: Outcome) -> dict[str, float]:
    usd = outcome.money.theirs / MICRO
    posts = len(outcome.demanded & outcome.stored)
    return {"usd_billed": usd, "posts_stored": posts, "usd_a_thousand": 1_000 * usd / max(1, posts)}


def _size(run: Run, outcome: Outcome) -> str:
    return (
        f"{run.accounts} accounts and {run.terms} sources of terms, {outcome.posts_a_minute:.0f} posts a minute for "
        f"{run.seconds:.0f} s, {run.kills} kills"
    )


def _world(seed: int, run: Run, began_at: datetime, ahead_seconds: float) -> tuple[str, ...]:
    return (
        *("--seed", str(seed), "--time-start", began_at.isoformat(), "--time-offset-seconds", str(ahead_seconds)),
        *("--accounts", str(run.accounts), "--activity", str(run.activity), "--late-share", str(LATE_SHARE)),
        *("--late-min-seconds", "1", "--late-max-seconds", str(run.late_seconds)),
        *("--deleted-share", str(DELETED_SHARE)),
        "--no-archive" if run.by_recent_alone else "--archive",
    )


def _rhythm(run: Run) -> dict[str, Any]:
    return {
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


def _followed(flock: WholeFlock, seed: int, run: Run, began_at: datetime) -> Outcome:
    """Follow everything while all goes wrong, and look at what is left."""
    clock = ServerClock(flock.services.stores.db)
    flock.scheduler()
    names, rng = flock.truth.accounts(), random.Random(seed)
    terms = terms_sources(run.terms, look_back_seconds=round(HISTORY.total_seconds()), live=run.live // 4)
    listeners = Listeners(flock, rng, _wanted_live(run, names, terms)) if run.live else None
    commands.track(flock.services, names, since=HISTORY, found=look_up(flock.services, names))
    listen(flock.services, terms)
    if listeners:
        live_accounts(flock.services, names[: run.live])
        listeners.begin()
    tracked_at, posts_before = clock.now(), posts_of(flock)
    renamed = _hurt(flock, run, rng, names, listeners, began_at)
    until = clock.now()
    rate = (posts_of(flock) - posts_before) / (until - tracked_at).total_seconds() * 60
    left = settle(flock, until, seconds=run.settle_seconds) or verified(flock, until, run.settle_seconds)
    for process in flock.processes[1:]:  # all but the simulator
        flock.kill(process)
    ended_at = clock.now()
    return look(
        flock,
        [renamed.get(name, name) for name in names],
        terms,
        Interval(tracked_at - HISTORY, tracked_at, until, FINDABLE),
        left=left,
        rate=rate,
        renamed={before.lower(): after.lower() for before, after in renamed.items()},
        live=partial(listeners.told, since=tracked_at, until=ended_at) if listeners else None,
        known_by=None
        if run.by_recent_alone
        else ended_at - KNOWN_AFTER_ROUNDS * timedelta(seconds=run.compliance_seconds) - HELD_UP,
    )


def _wanted_live(run: Run, names: Sequence[str], terms: Sequence[Listened]) -> frozenset[str]:
    """The members whose posts are wanted live."""
    return frozenset([name.lower() for name in names[: run.live]] + [one.member for one in terms if one.source.live])


def _hurt(
    flock: WholeFlock,
    run: Run,
    rng: random.Random,
    names: Sequence[str],
    listeners: Listeners | None,
    began_at: datetime,
) -> dict[str, str]:
    """All that goes wrong, while the flock works; answers the new names of accounts by the old ones."""
    workers = [flock.worker(ALL_QUEUES) for _ in range(WORKERS)]
    wait_until(lambda: flock.services.stores.posts.count() > 0, 60, "the work has begun")
    _hide(flock, names[0], began_at, run.seconds)
    damage, renamed = [x_away, _mongo_away, x_away], {}
    for number in range(run.kills):
        threading.Event().wait(run.seconds / run.kills)
        if number in RENAMES:
            if listeners:
                listeners.wait()  # it is to be told live
            name = names[RENAMES[number]]
            renamed[name] = f"{name[:10]}_{number}"
            order(flock, "accounts", {"account": name, "change": "rename", "username": renamed[name]})
        flock.kill(workers.pop(rng.randrange(len(workers))))
        workers.append(flock.worker(ALL_QUEUES))
        if listeners:
            listeners.hurt()
        if number % max(1, run.kills // len(damage)) == 0 and damage:
            with damage.pop(0)(flock):
                pass
    return renamed


def _hide(flock: WholeFlock, name: str, began_at: datetime, seconds: float) -> None:
    """Let an account be hidden for a quarter of the run, at a time that is the same in every run of one world."""
    for change, share in (("protect", 0.25), ("restore", 0.5)):
        at = began_at + HIDDEN_AFTER + share * timedelta(seconds=seconds)
        in_seconds = max(0.0, (at - flock.services.clock.now()).total_seconds())
        order(flock, "accounts", {"account": name, "change": change, "in_seconds": in_seconds})


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
