"""The verdict and its reasons."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.flock import Process, ProcessKind
from shared.domain.health import EXIT_STATUS, Blocked, FlockFacts, Verdict, judge_flock, verdict_of
from shared.domain.jobs import ALL_QUEUES, Queue
from shared.domain.preflight.finding import Check, Level, error, ok, warning
from tests.shared.domain.test_flock import NOW, process

SCHEDULER = process("s", kind=ProcessKind.SCHEDULER, queues=(), threads=0, leads=True)
WORKER = process("w", queues=ALL_QUEUES)
LONG_AGO = NOW - timedelta(minutes=30)


def facts(**changes: Any) -> FlockFacts:
    """A flock that does its work."""
    values: dict[str, Any] = {"now": NOW, "processes": [SCHEDULER, WORKER], "slot": timedelta(seconds=90)}
    return FlockFacts(**values | changes)


def blocked(**changes: Any) -> Blocked:
    """A block of one endpoint for one credential."""
    values: dict[str, Any] = {
        "what": "tweets for app",
        "reason": "no",
        "until": NOW,
        "reaches_all": False,
        "lift": "covey unblock app",
    }
    return Blocked(**values | changes)


def silent(one: Process) -> Process:
    """The process, without a sign of life for half an hour."""
    return process(one.id, kind=one.kind, queues=one.queues, threads=one.threads, leads=one.leads, beat_at=LONG_AGO)


def test_a_flock_at_work_is_healthy() -> None:
    """No reason, exit status 0."""
    assert judge_flock(facts()) == []
    assert verdict_of([]) is Verdict.HEALTHY
    assert EXIT_STATUS == {Verdict.HEALTHY: 0, Verdict.DEGRADED: 1, Verdict.STOPPED: 2}


STOPS: dict[str, tuple[dict[str, Any], Check, str]] = {
    "no process": ({"processes": []}, Check.SCHEDULER, "no scheduler runs"),
    "no scheduler": ({"processes": [WORKER]}, Check.SCHEDULER, "no scheduler runs"),
    "scheduler gone": ({"processes": [silent(SCHEDULER), WORKER]}, Check.SCHEDULER, "no scheduler runs"),
    "nobody leads": (
        {"processes": [process("s", kind=ProcessKind.SCHEDULER, queues=(), leads=False), WORKER]},
        Check.SCHEDULER,
        "none of 1 schedulers leads",
    ),
    "no worker": ({"processes": [SCHEDULER]}, Check.WORKERS, "no worker runs"),
    "nobody searches": (
        {"processes": [SCHEDULER, process("w", queues=("media",))]},
        Check.WORKERS,
        "no worker serves interactive, search",
    ),
    "paused by the setting": ({"paused": dict.fromkeys(ALL_QUEUES)}, Check.PAUSED, "COVEY_COLLECT"),
    "paused by a person": ({"paused": dict.fromkeys(ALL_QUEUES, LONG_AGO)}, Check.PAUSED, "everything"),
    "searches paused": ({"paused": {Queue.SEARCH: LONG_AGO}}, Check.PAUSED, "search"),
    "all paid calls blocked": ({"blocks": [blocked(reaches_all=True)]}, Check.X_BLOCKS, "X blocks tweets for app"),
}
LIMITS: dict[str, tuple[dict[str, Any], Check, str]] = {
    "media unserved": (
        {"processes": [SCHEDULER, process("w", queues=tuple(q for q in ALL_QUEUES if q != "media"))]},
        Check.WORKERS,
        "no worker serves media",
    ),
    "one worker gone": (
        {"processes": [SCHEDULER, WORKER, silent(process("x"))]},
        Check.PROCESSES,
        "went without a word: x",
    ),
    "disk full": (
        {"processes": [SCHEDULER, process("w", queues=ALL_QUEUES, waits_for="the disk is full")]},
        Check.ROOM,
        "w waits: the disk is full",
    ),
    "quotes paused": ({"paused": {Queue.QUOTES: LONG_AGO}}, Check.PAUSED, "quotes"),
    "one endpoint blocked": ({"blocks": [blocked()]}, Check.X_BLOCKS, "until 2026-05-01 00:00:00 UTC: no"),
    "a person must act": ({"blocks": [blocked(until=None)]}, Check.X_BLOCKS, "until a person acts"),
    "behind": ({"behind": {"a": timedelta(hours=1), "b": timedelta()}}, Check.COVERAGE, "1 of 2 searches"),
    "budget spent": ({"spent": {"day_usd": NOW}}, Check.BUDGETS, "day_usd is spent until 2026-05-01 00:00 UTC"),
    "jobs wait": ({"oldest_ready": {"search": timedelta(minutes=9)}}, Check.QUEUES, "search (9 min)"),
    "dead letters": ({"new_letters": 3}, Check.DEAD_LETTERS, "3 dead letters"),
    "no plan": ({"unplanned": timedelta(hours=2)}, Check.DAY_PLAN, "not made for 2.0 h"),
}


@pytest.mark.parametrize("kind", STOPS)
def test_what_stops_the_flock(kind: str) -> None:
    """An error with what to do, first of all; the verdict is stopped."""
    changes, check, words = STOPS[kind]

    first, *_ = found = judge_flock(facts(**changes))

    assert (first.check, first.level) == (check, Level.ERROR)
    assert words in first.message
    assert first.todo
    assert verdict_of(found) is Verdict.STOPPED


@pytest.mark.parametrize("kind", LIMITS)
def test_what_only_limits_it(kind: str) -> None:
    """One warning with what to do; the verdict is degraded."""
    changes, check, words = LIMITS[kind]

    (one,) = found = judge_flock(facts(**changes))

    assert (one.check, one.level) == (check, Level.WARNING)
    assert words in one.message
    assert one.todo
    assert verdict_of(found) is Verdict.DEGRADED


def test_a_paused_queue_is_not_late_too() -> None:
    """Its jobs wait because a person wants it so."""
    found = judge_flock(facts(paused={"media": LONG_AGO}, oldest_ready={"media": timedelta(hours=1)}))

    assert [finding.check for finding in found] == [Check.PAUSED]


def test_the_set_up_counts_too() -> None:
    """What ends a start stops the flock, any other error or warning degrades it, and what is well says nothing."""
    assert verdict_of([error(Check.MONGO_REACHABLE, "away", "look")]) is Verdict.STOPPED
    assert verdict_of([error(Check.CREDENTIALS, "none", "add one")]) is Verdict.DEGRADED
    assert verdict_of([warning(Check.REDIS_PERSISTENCE, "off", "switch it on")]) is Verdict.DEGRADED
    assert verdict_of([ok(Check.REDIS_REACHABLE, "well")]) is Verdict.HEALTHY


@given(st.lists(st.sampled_from([*STOPS.values(), *LIMITS.values()]), max_size=4))
def test_more_trouble_never_makes_the_verdict_better(troubles: list[tuple[dict[str, Any], Check, str]]) -> None:
    """Whatever comes together: the verdict is at least as bad as that of the first trouble alone."""
    order = list(EXIT_STATUS)
    changes: dict[str, Any] = {}
    worst = Verdict.HEALTHY
    for change, _, _ in troubles:
        if not changes.keys() & change.keys():
            changes |= change
            worst = max(worst, verdict_of(judge_flock(facts(**change))), key=order.index)

    assert order.index(verdict_of(judge_flock(facts(**changes)))) >= order.index(worst)


def test_webhooks_that_nobody_takes_are_told() -> None:
    """A warning with the hosts and what they answered; collecting goes on."""
    (finding,) = judge_flock(facts(cut_off=[("hooks.example", "answered 410")]))
    assert (finding.check, finding.level) == (Check.WEBHOOKS, Level.WARNING)
    assert "hooks.example (answered 410)" in finding.message
    assert verdict_of([finding]) is Verdict.DEGRADED
