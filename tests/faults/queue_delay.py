"""A short delay behind many long ones (F6: the stock queue of delayed messages is first in, first out)."""

from __future__ import annotations

import time
from pathlib import Path

import dramatiq

from tests.faults.finding import Finding
from tests.faults.queue_fleet import Fleet, wait_until
from tests.faults.queue_worker import QUEUE

HOUR_MS = 3_600_000
DELAY_SECONDS = 2.0
LIMIT_SECONDS = 3.0


def short_behind_long(folder: Path, *, jobs: int) -> Finding:
    """F6: a job delayed by 2 s is enqueued behind thousands that are delayed by an hour."""
    with Fleet(folder) as fleet:
        fleet.start()
        entries = [
            (dramatiq.Message(QUEUE, "work", (f"job-{number}", 0), {}, {}), f"job-{number}", HOUR_MS)
            for number in range(jobs)
        ]
        fleet.broker.enqueue_many_once(entries, dedup_ttl_ms=HOUR_MS)
        began = time.monotonic()
        fleet.enqueue("work", "short", 0, delay_ms=int(DELAY_SECONDS * 1000))
        wait_until(lambda: fleet.count("start"), 30, "a job started")
        seconds = time.monotonic() - began
        started, (waiting, _) = set(fleet.count("start")), fleet.depths()
    return Finding(
        "F6",
        passed=started == {"short"} and waiting == jobs and DELAY_SECONDS <= seconds <= LIMIT_SECONDS,
        figure=f"started after {seconds:.2f} s, with {waiting} jobs waiting for their hour",
        limit=f"not before {DELAY_SECONDS:g} s, within {LIMIT_SECONDS:g} s",
    )
