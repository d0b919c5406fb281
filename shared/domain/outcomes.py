"""What to do with a job whose handler ended: one pure function from (error, attempt, age) to a decision.

It owns the numbers of the retry policy and nothing else; the broker's middleware carries the decision out.
Invariant: a deferral never spends an attempt, and every path ends, because attempts and age are both bounded.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

from shared.domain.errors import InputError, NewerJob, NotGranted, NotNow, PassingFault, Paused, Permanent

MAX_ATTEMPTS = 5
MIN_BACKOFF_SECONDS = 1.0
MAX_BACKOFF_SECONDS = 300.0
# The four waits between five attempts lie below 5, 20, 80 and 300 s: a hiccup is over soon, and an outage of minutes is
# waited out by most jobs.
FIRST_CEILING_SECONDS = 5.0
CEILING_GROWTH = 4.0
# A job still deferred after a day is younger work's duplicate: the scheduler plans afresh every interval.
MAX_AGE_SECONDS = 86_400.0
MIN_DEFERRAL_SECONDS = 0.05
MAX_DEFERRAL_SECONDS = 900.0
# How long work waits for a person before it looks again.
PAUSE_SECONDS = 60.0
# How long a job waits for a worker that knows it: longer than a rolling deploy takes.
UNKNOWN_JOB_SECONDS = 3_600.0


class Reach(StrEnum):
    """Which jobs have to wait when one has."""

    JOB = "job"  # this one
    REFUSED = "refused"  # it and those of its kind and queue that were refused like it: others may be smaller
    KIND = "kind"  # every one of its kind in its queue


@dataclass(frozen=True, slots=True)
class Done:
    """The effect is in MongoDB."""


@dataclass(frozen=True, slots=True)
class RetryIn:
    """A passing fault: the same job again after `seconds`; spends an attempt."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class DeferFor:
    """Not its turn: the same job again after `seconds`; spends no attempt. reach: who waits with it, and comes after
    it, as grants allow.
    """

    seconds: float
    reason: str
    reach: Reach = Reach.JOB


@dataclass(frozen=True, slots=True)
class Pause:
    """A person must act: the same job waits `seconds` without spending an attempt, and the pause is counted."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """To the dead letters, with the reason."""

    reason: str


Outcome = Done | RetryIn | DeferFor | Pause | GiveUp


def backoff_ceiling_seconds(attempt: int) -> float:
    """The longest wait after the attempt that just failed (1 = the first): 5, 20, 80 s, then 300 s."""
    return min(MAX_BACKOFF_SECONDS, FIRST_CEILING_SECONDS * CEILING_GROWTH ** min(attempt - 1, 30))


def backoff_seconds(attempt: int, rng: random.Random | None = None) -> float:
    """Exponential backoff with full jitter for the attempt that just failed (1 = the first).

    Uniform over [0, ceiling], never under 1 s. Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture
    Blog, 2015 ("full jitter").
    """
    draw = (rng or random).uniform(0.0, backoff_ceiling_seconds(attempt))
    return max(MIN_BACKOFF_SECONDS, draw)


def leave(left_seconds: float, patience_seconds: float, wait_seconds: float, reason: str) -> DeferFor | GiveUp:
    """What becomes of a job that this worker does not know, and that was first left `left_seconds` ago."""
    if left_seconds >= patience_seconds:
        return GiveUp(reason)
    return DeferFor(min(wait_seconds, max(MIN_DEFERRAL_SECONDS, patience_seconds - left_seconds)), reason)


def decide(
    error: BaseException | None,
    *,
    attempt: int,
    age_seconds: float,
    left_seconds: float = 0.0,
    unknown_job_seconds: float = UNKNOWN_JOB_SECONDS,
    rng: random.Random | None = None,
) -> Outcome:
    """Decide what becomes of a job.

    error: what the handler raised, None when it returned. attempt: how often it ran without being deferred, this run
    included (1 = first). age_seconds: since the job was first enqueued. left_seconds: since it was first left for a
    newer worker, for unknown_job_seconds at most. An error outside the tree is a defect: it is
    given the attempts of a passing fault, because half of the defects met in operation depend on data that changes.
    """
    if error is None:
        return Done()
    reason = type(error).__name__
    if isinstance(error, Permanent | InputError):  # a job asks the same wrong thing each time
        return GiveUp(reason)
    if isinstance(error, NewerJob):
        return leave(left_seconds, unknown_job_seconds, error.wait_seconds, reason)
    if age_seconds > MAX_AGE_SECONDS:
        return GiveUp(f"too_old:{reason}")
    if isinstance(error, NotNow):
        wait = min(MAX_DEFERRAL_SECONDS, max(MIN_DEFERRAL_SECONDS, error.wait_seconds))
        return DeferFor(wait, reason, _reach(error))
    if isinstance(error, Paused):
        return Pause(PAUSE_SECONDS, reason)
    if attempt >= MAX_ATTEMPTS:
        return GiveUp(f"attempts:{reason}" if isinstance(error, PassingFault) else f"defect:{reason}")
    return RetryIn(backoff_seconds(attempt, rng), reason)


def _reach(error: NotNow) -> Reach:
    """Only the limiter speaks for more than the one call that it was asked for."""
    if not isinstance(error, NotGranted):
        return Reach.JOB
    return Reach.KIND if error.stops_all else Reach.REFUSED
