"""The series that a worker begins at 0."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from shared.domain.coverage.gaps import GapReason
from shared.domain.errors import (
    NoAnswer,
    NotFound,
    NotSent,
    Paused,
    RedisRefused,
    ServerFault,
    Throttled,
    UnmappedStatus,
)
from shared.platforms.transport import BrokenAnswer
from workers.series import ANSWERS

ROOT = Path(__file__).parents[2]
# Raised by the scheduler only.
OF_THE_SCHEDULER = {"covey_dead_letters", "covey_feed_events", "covey_scheduler_claims"}
OF_CONTROL = {"covey_control_requests"}
OF_THE_LISTENER = {"covey_live_breaks", "covey_live_events"}
# A process of its own: the metrics of this one have been raised by other tests.
PROGRAM = """
import sys
from prometheus_client import REGISTRY
from workers import series
series.begin(tuple(sys.argv[1].split(",")))
for family in REGISTRY.collect():
    if family.name.startswith("covey_") and family.type == "counter":
        names = [sample for sample in family.samples if sample.name.endswith("_total")]
        print(family.name, len(names), sum(sample.value for sample in names))
"""


def begun(queues: str) -> dict[str, tuple[int, float]]:
    """By counter: how many series a worker of `queues` begins with, and their sum."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, queues], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )
    rows = (line.split() for line in done.stdout.splitlines())
    return {name: (int(count), float(total)) for name, count, total in rows}


def test_every_labelled_counter_of_a_worker_begins_at_zero() -> None:
    """A worker of all queues has series for each counter that it may raise, and all are 0."""
    counters = begun("interactive,search,quotes,engagement,backfill,media")

    without = {name for name, (count, _) in counters.items() if count == 0}
    assert without == OF_THE_SCHEDULER | OF_THE_LISTENER | OF_CONTROL
    assert sum(total for _, total in counters.values()) == 0


def test_a_media_worker_has_no_series_of_calls_to_x() -> None:
    """A worker begins only the series of the queues that it serves."""
    counters = begun("media")

    assert counters["covey_x_calls"][0] == 0
    assert counters["covey_media_files"][0] == 3


def test_every_error_that_an_answer_becomes_is_among_the_answers() -> None:
    """The answers hold each class of error that a call to X can end with."""
    unanswered = {NoAnswer, NotSent, BrokenAnswer, ServerFault}
    expected = unanswered | {NotFound, UnmappedStatus, *Throttled.__subclasses__(), *Paused.__subclasses__()} - {
        RedisRefused
    }

    assert {error.__name__ for error in expected} <= set(ANSWERS)


def test_every_reason_of_a_gap_begins_at_zero() -> None:
    """The counter of gaps has a series for each reason on the domain's closed list."""
    assert begun("search")["covey_gaps"][0] == len(GapReason)
