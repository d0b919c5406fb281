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
from control.coverage import coverage
from control.evidence import Interval, gather
from control.look_up import look_up
from shared.domain.coverage.gaps import GapState
from shared.domain.jobs import ALL_QUEUES
from shared.stores.database import ServerClock
from tests.faults.coverage_audit import Audited, audited
from tests.faults.coverage_judge import Judgement, expected_of, judge
from tests.faults.coverage_money import Money, money
from tests.faults.coverage_world import Listened, listen, members_of, terms_sources
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
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How large a run is. late_seconds: the most that a post comes late into the search, beyond its lag. rhythm: of
    the flock, where it is not the general one."""

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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run left. left: what never settled."""

    posts_a_minute: float
    judged: Judgement
    report: dict[str, Any]
    rows: Sequence[dict[str, Any]]
    audit: Audited
    money: Money
    left: str
    late_by_rereading: int


def late_posts(folder: Path, *, seed: int, run: Run) -> Finding:
    """V1: one post in twenty comes late; workers are killed, X is away twice and MongoDB once; an account is hidden for
    a while."""
    options = (
        *("--accounts", str(run.accounts), "--activity", str(run.activity), "--late-share", str(LATE_SHARE)),
        *("--late-min-seconds", "1", "--late-max-seconds", str(run.late_seconds)),
    )
    rhythm = {
        "heartbeat_timeout_seconds": 3.0,
        "search_interval_seconds": run.search_seconds,
        "reread_after_seconds": run.late_seconds + 10.0,
        "reread_every_seconds": REREAD_EVERY_SECONDS,
        "stalled_after_seconds": 15.0,
        "reconcile_interval_seconds": 5.0,
        "refresh_time_scale": run.refresh_time_scale,
        "compliance_every_seconds": run.compliance_seconds,
        "account_look_seconds": 30.0,
    }
    with WholeFlock(folder, world=options, **rhythm) as flock:
        clock = ServerClock(flock.services.stores.db)
        flock.scheduler()
        names = flock.truth.accounts()
        terms = terms_sources(run.terms, look_back_seconds=round(HISTORY.total_seconds()))
        commands.track(flock.services, names, since=HISTORY, found=look_up(flock.services, names))
        listen(flock.services, terms)
        tracked_at, posts_before = clock.now(), _posts(flock)
        _hurt(flock, run, random.Random(seed), names)
        until = clock.now()
        rate = (_posts(flock) - posts_before) / (until - tracked_at).total_seconds() * 60
        left = settle(flock, until, seconds=run.settle_seconds) or _verified(flock, until, run.settle_seconds)
        for process in flock.processes[1:]:  # all but the simulator
            flock.kill(process)
        interval = Interval(tracked_at - HISTORY, tracked_at, until, FINDABLE)
        return finding(run, _look(flock, names, terms, interval, left=left, rate=rate))


def _look(
    flock: WholeFlock, names: list[str], terms: list[Listened], interval: Interval, *, left: str, rate: float
) -> Outcome:
    """Judge what is stored, and let X count it."""
    services, truth, db = flock.services, flock.truth, flock.services.stores.db
    spent = money(services, flock.x_url)  # before the audit, which costs too
    words = {name.lower(): f"@{name}" for name in names} | {one.member: one.source.id for one in terms}
    queries = members_of(names, terms)
    read = services.stores.intervals.of([one.id for one in services.stores.streams.that_carried(list(queries))])
    return Outcome(
        posts_a_minute=rate,
        judged=judge(db, expected_of(truth, names, {one.member: f"({one.query})" for one in terms}, interval)),
        report=gather(db, truth, names, interval, services.settings.media_path),
        rows=coverage(services, [], window=DAY),
        audit=audited(
            services,
            truth,
            {member: (words[member], query) for member, query in queries.items()},
            until=interval.until,
            window=DAY,
        ),
        money=spent,
        left=left,
        late_by_rereading=sum(one.late for one in read),
    )


def _hurt(flock: WholeFlock, run: Run, rng: random.Random, names: Sequence[str]) -> None:
    """All that goes wrong, while the flock works."""
    workers = [flock.worker(ALL_QUEUES) for _ in range(WORKERS)]
    wait_until(lambda: flock.services.stores.posts.count() > 0, 60, "the work has begun")
    damage = [_x_away, _mongo_away, _x_away]
    hidden = {"account": names[0]}
    for number in range(run.kills):
        threading.Event().wait(run.seconds / run.kills)
        flock.kill(workers.pop(rng.randrange(len(workers))))
        workers.append(flock.worker(ALL_QUEUES))
        if number == run.kills // 4:
            _order(flock, "accounts", {**hidden, "change": "protect"})
        if number == run.kills // 2:
            _order(flock, "accounts", {**hidden, "change": "restore"})
        if number % max(1, run.kills // len(damage)) == 0 and damage:
            with damage.pop(0)(flock):
                pass


@contextmanager
def _x_away(flock: WholeFlock) -> Iterator[None]:
    """Every call gets 503 for a while."""
    rule = {"match": {"endpoint": "*"}, "answer": {"kind": "server_error", "status": 503}}
    _order(flock, "faults", {"seed": 1, "rules": [rule]})
    threading.Event().wait(X_AWAY_SECONDS)
    yield
    _order(flock, "faults", {})


@contextmanager
def _mongo_away(flock: WholeFlock) -> Iterator[None]:
    """MongoDB is killed, and started again on its data."""
    flock.mongo.process.kill()
    flock.mongo.process.wait()
    threading.Event().wait(MONGO_AWAY_SECONDS)
    yield
    flock.mongo.start_again()


def _order(flock: WholeFlock, path: str, body: dict[str, Any]) -> None:
    requests.post(f"{flock.x_url}/_sim/{path}", json=body, timeout=10).raise_for_status()


def _posts(flock: WholeFlock) -> int:
    """How many posts there are in the world."""
    answer = requests.get(f"{flock.x_url}/_sim/health", timeout=10)
    answer.raise_for_status()
    return int(answer.json()["posts"])


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


def finding(run: Run, outcome: Outcome) -> Finding:
    """The row of a run."""
    judged, report, rows = outcome.judged, outcome.report, outcome.rows
    lost = {what: ids for what, ids in report["missing"].items() if ids}
    whole = sum(row["covered_ratio"] == 1 and row["unaccounted_seconds"] == 0 for row in rows)
    verified = min((row["verified_ratio"] or 0.0 for row in rows), default=0.0)
    passed = (
        judged.passed
        and judged.late > 0
        and not lost
        and report["duplicates"] == 0
        and whole == len(rows) > 0
        and outcome.audit.passed
        and outcome.money.agrees
        and not outcome.left
    )
    return Finding(
        "V1",
        passed=passed,
        figure=f"{run.accounts} accounts and {run.terms} sources of terms, {outcome.posts_a_minute:.0f} posts a minute "
        f"for {run.seconds:.0f} s, {run.kills} kills: of {judged.expected} posts ({judged.late} of them late, "
        f"{outcome.late_by_rereading} found by reading again) and {report['quotes_expected']} quotes "
        f"{len(judged.missing)} and {report['quotes_missed']} missing, {judged.twice + report['duplicates']} twice; of "
        f"{judged.attributed} attributions {len(judged.wrong)} wrong, {len(judged.lacking)} lacking; {whole} of "
        f"{len(rows)} accounts and sources covered whole, at least {verified:.1%} of each verified; X counts "
        f"{outcome.audit.counted} posts in {outcome.audit.rows} audits, {len(outcome.audit.lost)} of them lost, "
        f"{outcome.audit.not_due} made after the end, beside {outcome.audit.gone} known to be gone and "
        f"{outcome.audit.ended} not yet known; money {outcome.money.said()}"
        + (f"; missing: {lost}" if lost else "")
        + (f"; never settled: {outcome.left}" if outcome.left else ""),
        limit="0 missing, late ones too, 0 twice, each attributed as in the truth; all is covered whole, and every "
        "moment accounted for; the audit is the truth to the post; the ledger is X's bill",
        details={
            "posts_a_minute": round(outcome.posts_a_minute),
            "judged": judged.row(),
            "quotes": {name: report[f"quotes_{name}"] for name in ("expected", "missed")},
            "media": {name: report[f"media_{name}"] for name in ("expected", "missed", "bad_checksum")},
            "audit": outcome.audit.row(),
            "money": {"usd": outcome.money.ours / 1e6, "usd_billed": outcome.money.theirs / 1e6},
            "routes": outcome.money.rows(),
        },
    )
