"""Does the flock do its work? One word, and a sentence for each reason. Pure.

    healthy    nothing to do
    degraded   something is late, limited or missing; a person should look
    stopped    nothing new is collected until a person acts

The findings are of the same kind as those of the preflight, so that `covey status` can tell both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.flock import Process, ProcessKind, serving
from shared.domain.jobs import ALL_QUEUES, Queue
from shared.domain.preflight.finding import Check, Finding, Level, error, warning
from shared.domain.spans import span

# A stream may miss this many of its slots before it counts as behind.
SLOTS_BEHIND: Final = 3
# And this on top: the time of a page and of a canary.
SLACK: Final = timedelta(seconds=60)
# Ready jobs that wait longer show that there are too few threads, or that theirs hang.
LONG_WAIT: Final = timedelta(minutes=5)
_NAMED: Final = 3


class Verdict(StrEnum):
    """How it stands. The values are for scripts: stable."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    STOPPED = "stopped"


EXIT_STATUS: Final = {Verdict.HEALTHY: 0, Verdict.DEGRADED: 1, Verdict.STOPPED: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A block of X. reaches_all: no credential is left for any call that is paid. until: None: until a person acts.
    lift: the command that lifts it.
    """

    what: str
    reason: str
    until: datetime | None
    reaches_all: bool
    lift: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlockFacts:
    """What is known at `now`.

    oldest_ready: how long the longest due job of each queue has been due. paused: queues, and since when (None: by the
    setting). behind: by handle or stream, how far its coverage is behind. slot: the time between two sweeps, with the
    lag of X's search. spent: budgets that are used up, with the time at which each is full again. new_letters: dead
    letters that nobody has looked at. unplanned: how long the planner's plan of today has not been made.
    cut_off: hosts of webhook endpoints that were disabled by what they answered, and what that was.
    """

    now: datetime
    processes: Sequence[Process]
    slot: timedelta
    oldest_ready: Mapping[str, timedelta] = field(default_factory=dict)
    paused: Mapping[str, datetime | None] = field(default_factory=dict)
    blocks: Sequence[Blocked] = ()
    behind: Mapping[str, timedelta] = field(default_factory=dict)
    spent: Mapping[str, datetime] = field(default_factory=dict)
    new_letters: int = 0
    unplanned: timedelta = timedelta(0)
    cut_off: Sequence[tuple[str, str]] = ()


def judge_flock(facts: FlockFacts) -> list[Finding]:
    """What keeps the flock from its work, or may; nothing where all is well."""
    found = [
        *_scheduler(facts),
        *_paused(facts),
        *_workers(facts),
        *_processes(facts),
        *_room(facts),
        *_blocks(facts),
        *_coverage(facts),
        *_budgets(facts),
        *_queues(facts),
        *_letters(facts),
        *_day_plan(facts),
        *_webhooks(facts),
    ]
    return sorted(found, key=lambda finding: finding.level is not Level.ERROR)


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """The one word. An error of the set-up with which a process can start does not stop anything yet."""
    told = [finding for finding in findings if finding.level is not Level.OK]
    if any(finding.level is Level.ERROR and _stops(finding) for finding in told):
        return Verdict.STOPPED
    return Verdict.DEGRADED if told else Verdict.HEALTHY


def _stops(finding: Finding) -> bool:
    return finding.ends_a_start or finding.check in _STOPS


_STOPS: Final = frozenset({Check.SCHEDULER, Check.WORKERS, Check.PAUSED, Check.X_BLOCKS})


def _scheduler(facts: FlockFacts) -> list[Finding]:
    there = [one for one in facts.processes if one.kind is ProcessKind.SCHEDULER and not one.is_gone(facts.now)]
    if not there:
        todo = "start one: covey up, or docker compose up --detach scheduler"
        return [error(Check.SCHEDULER, "no scheduler runs: nothing new is planned", todo)]
    if not any(one.leads for one in there):
        todo = "it takes over within seconds; if not, see its log: Redis must be reachable"
        return [error(Check.SCHEDULER, f"none of {len(there)} schedulers leads: nothing new is planned", todo)]
    return []


def _workers(facts: FlockFacts) -> list[Finding]:
    threads = serving(facts.processes, facts.now)
    missing = [queue for queue in ALL_QUEUES if not threads.get(queue)]
    if not missing:
        return []
    if len(missing) == len(ALL_QUEUES):
        return [
            error(Check.WORKERS, "no worker runs: nothing is collected", "start some: covey up, or docker compose up")
        ]
    message = f"no worker serves {', '.join(missing)}"
    todo = f"start one: covey worker --queues {','.join(missing)}"
    tell = error if Queue.SEARCH in missing else warning
    return [tell(Check.WORKERS, message, todo)]


def _processes(facts: FlockFacts) -> list[Finding]:
    gone = [one for one in facts.processes if one.is_gone(facts.now)]
    if not gone:
        return []
    last = max(one.beat_at for one in gone)
    message = f"{len(gone)} went without a word: {_some([one.id for one in gone])}, the last at {last:%H:%M:%S} UTC"
    return [warning(Check.PROCESSES, message, "see its log; one that was replaced is forgotten after an hour")]


def _room(facts: FlockFacts) -> list[Finding]:
    return [
        warning(Check.ROOM, f"{one.id} waits: {one.waits_for}", "mend it; the work goes on by itself")
        for one in facts.processes
        if one.waits_for and not one.is_gone(facts.now)
    ]


def _paused(facts: FlockFacts) -> list[Finding]:
    if not facts.paused:
        return []
    by_setting = [queue for queue, since in facts.paused.items() if since is None]
    if by_setting:
        return [error(Check.PAUSED, "everything is paused by COVEY_COLLECT", "set it to true and start anew")]
    since = min(moment for moment in facts.paused.values() if moment is not None)
    names = "everything" if len(facts.paused) == len(ALL_QUEUES) else ", ".join(facts.paused)
    message = f"paused since {since:%Y-%m-%d %H:%M} UTC: {names}"
    tell = error if Queue.SEARCH in facts.paused else warning
    resumed = "all" if len(facts.paused) == len(ALL_QUEUES) else " ".join(facts.paused)
    return [tell(Check.PAUSED, message, f"when it may go on: covey resume {resumed}")]


def _blocks(facts: FlockFacts) -> list[Finding]:
    found = []
    for block in facts.blocks:
        end = f"until {block.until:%Y-%m-%d %H:%M:%S} UTC" if block.until else "until a person acts"
        tell = error if block.reaches_all else warning
        todo = "it ends by itself" if block.until else f"mend what X names, then: {block.lift}"
        found.append(tell(Check.X_BLOCKS, f"X blocks {block.what} {end}: {block.reason}", todo))
    return found


def _coverage(facts: FlockFacts) -> list[Finding]:
    allowed = SLOTS_BEHIND * facts.slot + SLACK
    late = {name: behind for name, behind in facts.behind.items() if behind > allowed}
    if not late:
        return []
    most = max(late.values())
    message = f"{len(late)} of {len(facts.behind)} searches are behind, by up to {span(most.total_seconds())}"
    return [warning(Check.COVERAGE, message, "covey handles says which; covey queues, whether their jobs wait")]


def _budgets(facts: FlockFacts) -> list[Finding]:
    return [
        warning(
            Check.BUDGETS, f"the budget {name} is spent until {until:%Y-%m-%d %H:%M} UTC", "raise it: covey budget set"
        )
        for name, until in facts.spent.items()
    ]


def _day_plan(facts: FlockFacts) -> list[Finding]:
    if facts.unplanned <= LONG_WAIT:
        return []
    late = span(facts.unplanned.total_seconds())
    message = f"the plan of today is not made for {late}: no post is bought to be read again"
    return [warning(Check.DAY_PLAN, message, "its jobs are in the queue engagement: covey queues, covey jobs")]


def _queues(facts: FlockFacts) -> list[Finding]:
    late = {queue: age for queue, age in facts.oldest_ready.items() if age > LONG_WAIT and queue not in facts.paused}
    if not late:
        return []
    named = ", ".join(f"{queue} ({span(age.total_seconds())})" for queue, age in late.items())
    return [
        warning(Check.QUEUES, f"jobs wait for a thread: {named}", "add workers, or see covey workers for what runs")
    ]


def _letters(facts: FlockFacts) -> list[Finding]:
    if not facts.new_letters:
        return []
    message = f"{facts.new_letters} dead letters that nobody has looked at"
    return [warning(Check.DEAD_LETTERS, message, "covey dead list; then covey dead replay or purge")]


def _webhooks(facts: FlockFacts) -> list[Finding]:
    if not facts.cut_off:
        return []
    told = _some([f"{host} ({why})" for host, why in facts.cut_off])
    message = f"{len(facts.cut_off)} webhook endpoints are disabled, for they did not take what was sent: {told}"
    todo = "covey endpoints list says which; covey endpoints enable ID goes on where it was"
    return [warning(Check.WEBHOOKS, message, todo)]


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
