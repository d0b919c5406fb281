"""Workers that are asked to end (R12)."""

from __future__ import annotations

import time
from pathlib import Path

from tests.faults.finding import Finding
from tests.faults.queue_fleet import Fleet, wait_until


def terminated_under_load(folder: Path, *, jobs: int, job_ms: int, rounds: int, grace_seconds: float = 10.0) -> Finding:
    """R12: SIGTERM, again and again, with a full backlog; a new worker goes on each time."""
    slowest = 0.0
    with Fleet(folder) as fleet:
        names = [fleet.enqueue("work", f"job-{number}", job_ms) for number in range(jobs)]
        for _ in range(rounds):
            worker = fleet.start()[0]
            wait_until(lambda pid=worker.pid: fleet.running(pid), 20, "the worker has jobs in hand")  # type: ignore[misc]
            started = time.monotonic()
            worker.terminate()
            worker.wait(grace_seconds + 20)
            slowest = max(slowest, time.monotonic() - started)
            fleet.workers.remove(worker)
        held = fleet.broker.queue_stats()["work"].in_flight
        fleet.start(2)
        fleet.wait_done(names, 120)
        fleet.wait_at_rest(20)
        repeats = fleet.repeats()
    return Finding(
        "R12",
        passed=slowest <= grace_seconds and repeats == 0 and held == 0,
        figure=f"{rounds} ends under load: slowest {slowest:.1f} s, {held} left held, {repeats} repeats of {jobs} jobs",
        limit=f"{grace_seconds:g} s, 0 held, all done, 0 repeats",
    )
