"""Workers that are asked to end (R12)."""

from __future__ import annotations

import threading
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
        held = fleet.broker.introspection.queue_stats()["work"].in_flight
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


def terminated_beside_an_idle_one(
    folder: Path, *, jobs: int, every_seconds: float, long_ms: int, limit_seconds: float
) -> Finding:
    """R12: SIGTERM to a worker with one long job and idle threads: what is sent then runs in the idle worker, at once.

    The jobs are sent one after another while the long one runs, with pauses after which both workers look at the queue
    equally often, so that the ending one would fetch half of them.
    """
    with Fleet(folder) as fleet:
        workers = fleet.start(2)
        fleet.enqueue("work", "long", long_ms)
        wait_until(lambda: fleet.count("start")["long"], 20, "the long job started")
        (ending,) = (worker for worker in workers if fleet.running(worker.pid))
        ending.terminate()
        waits = []
        for number in range(jobs):
            threading.Event().wait(every_seconds)
            name = fleet.enqueue("work", f"job-{number}", 0)
            waits.append(wait_until(lambda name=name: fleet.count("start")[name], 60, "the job started"))  # type: ignore[misc]
        still_running = bool(fleet.running(ending.pid))
        ending.wait(long_ms / 1000 + 20)
        fleet.workers.remove(ending)
        fleet.wait_at_rest(20)
        repeats, done = fleet.repeats(), fleet.count("done")["long"]
    return Finding(
        "R12 beside an idle worker",
        passed=max(waits) <= limit_seconds and still_running and repeats == 0 and done == 1,
        figure=f"{jobs} jobs sent while one of {long_ms / 1000:g} s {'ran on' if still_running else 'had ended'}: "
        f"longest wait {max(waits):.2f} s, {repeats} repeats, the long one done {done} times",
        limit=f"{limit_seconds:g} s, the long one runs on and is done, 0 repeats",
    )
