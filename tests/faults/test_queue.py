"""The short forms of the queue's fault programs; `make faults` runs the long ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import queue_crashes, queue_messages, queue_outages, queue_shutdown
from tests.faults.finding import Finding

pytestmark = pytest.mark.system


def check(finding: Finding) -> None:
    """Fail with the figure and the limit."""
    assert finding.passed, f"{finding.id}: {finding.figure}; limit: {finding.limit}"


def test_killed_workers_lose_nothing(tmp_path: Path) -> None:
    """R1: every job is done although workers are killed."""
    check(queue_crashes.kills_under_load(tmp_path, seed=1, jobs=120, kills=3, every_seconds=0.5))


def test_a_killed_workers_job_runs_again_soon(tmp_path: Path) -> None:
    """R2: within the heartbeat timeout and a tick."""
    check(queue_crashes.time_to_recovery(tmp_path, heartbeat_timeout_ms=1_000))


def test_a_worker_that_resumes_too_late_does_no_harm(tmp_path: Path) -> None:
    """R2b: its jobs were given to others, and its settlements change nothing."""
    check(queue_crashes.stopped_and_resumed(tmp_path, jobs=40, stop_seconds=4))


def test_redis_away(tmp_path: Path) -> None:
    """R3: delayed and immediate jobs are all done, once, by the same workers."""
    check(queue_outages.redis_away(tmp_path, seed=3, jobs=60, seconds=1.5))


def test_redis_killed(tmp_path: Path) -> None:
    """R4: only what was enqueued in the last second can be missing."""
    check(queue_outages.power_cut(tmp_path, seconds_of_load=1.5, unsynced_seconds=0.5))


def test_stalls_leave_nothing_held(tmp_path: Path) -> None:
    """R5: replies that came too late strand no job."""
    check(queue_outages.stalls(tmp_path, seed=5, jobs=60, count=2, stall_seconds=1.0, timeout_seconds=0.4))


def test_a_bad_network_loses_nothing(tmp_path: Path) -> None:
    """R6: resets within replies and one-way cuts."""
    check(queue_outages.bad_network(tmp_path, seed=6, jobs=80, resets=15, one_way_seconds=1.0, timeout_seconds=0.4))


def test_unworkable_messages_die_with_their_reason(tmp_path: Path) -> None:
    """R8: the dead letters name the fault, and the consumer lives."""
    check(queue_messages.unworkable(tmp_path, jobs=20))


def test_a_terminated_worker_loses_and_repeats_nothing(tmp_path: Path) -> None:
    """R12: SIGTERM under load."""
    check(queue_shutdown.terminated_under_load(tmp_path, jobs=60, job_ms=150, rounds=2))
