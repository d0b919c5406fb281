"""Two schedulers, of which the leader is stopped, wakes up, or is killed, and one of which has a wrong clock (R9)."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from dramatiq.errors import ConnectionClosed

from shared.domain.coverage.sweeps import SweepStatus
from shared.domain.jobs import ALL_JOBS, ALL_QUEUES, SearchPage
from shared.stores.database import Db
from tests.faults.finding import Finding
from tests.faults.flock import Process, WholeFlock
from tests.faults.queue_fleet import pause, resume, wait_until

CLOCK_OFF_SECONDS = 120
STREAMS = 12
NARROW = 64  # characters in a query: one account a stream
INTERVAL_SECONDS = 1.0


class Readers:
    """Takes every job as soon as it is there, notes it, and ends its sweep, so that the next slot opens another."""

    def __init__(self, flock: WholeFlock) -> None:
        self._broker = flock.services.broker
        self._sweeps = flock.services.stores.db["X_sweeps"]
        self.enqueued: Counter[str] = Counter()  # by sweep
        self.last_at = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Read what is left, and end."""
        self._stop.set()
        self._thread.join()

    def _read(self) -> None:
        for job in ALL_JOBS:
            self._broker.actors.setdefault(job.name, None)  # known, so that they are not left for a newer worker
        consumers = [self._broker.consume(queue, prefetch=500) for queue in ALL_QUEUES]
        found = True
        while found or not self._stop.wait(0.02):
            found = False
            for consumer in consumers:
                try:
                    while (message := next(consumer)) is not None:
                        found = True
                        if message.actor_name == SearchPage.name:
                            self._note(str(message.args[0]["sweep_id"]))
                        consumer.ack(message)
                except ConnectionClosed:
                    continue

    def _note(self, sweep_id: str) -> None:
        self.enqueued[sweep_id] += 1
        self.last_at = time.monotonic()
        self._sweeps.update_one({"_id": sweep_id}, {"$set": {"status": SweepStatus.COMPLETE.value}})


def two_schedulers(
    folder: Path, *, lease_seconds: float, stop_seconds: float, calm_seconds: float, limit_seconds: float
) -> Finding:
    """R9: the leader of two schedulers is stopped, resumed and later the new one killed; the second's clock is off.

    A slot that was claimed by a scheduler that died before it sent is sent for by the reconciler, after longer than the
    leader is stopped here.
    """
    stalled_seconds = stop_seconds + 2
    with WholeFlock(
        folder,
        simulator=False,
        x_query_max_length=NARROW,
        search_interval_seconds=INTERVAL_SECONDS,
        leader_lease_seconds=lease_seconds,
        stalled_after_seconds=stalled_seconds,
        reconcile_interval_seconds=1.0,
    ) as flock:
        now = flock.services.clock.now()
        flock.services.following.follow([f"account_{number}" for number in range(STREAMS)], since=now, now=now)
        db, readers = flock.services.stores.db, Readers(flock)
        first = flock.scheduler(instance="first")
        wait_until(lambda: _leader(db) == "first", 30, "the first scheduler leads")
        second = flock.scheduler(
            instance="second", command=("-m", "tests.faults.wrong_clock", str(CLOCK_OFF_SECONDS), "scheduler")
        )
        wait_until(lambda: flock.logged("scheduler ready") == 2, 30, "both are ready")
        _let_pass(calm_seconds)

        takeovers = [_takeover(readers, lambda: pause(first))]
        _let_pass(stop_seconds - takeovers[0])
        by_the_wrong_clock = _leader(db) == "second"
        resume(first)
        _let_pass(calm_seconds)
        takeovers.append(_takeover(readers, lambda: flock.kill(second)))
        _let_pass(calm_seconds)
        killed_with = _opened(db) - readers.enqueued.keys()
        wait_until(lambda: readers.enqueued.keys() >= killed_with, stalled_seconds + 10, "the rest is sent for")
        _end(first)
        readers.stop()
        opened = _opened(db)
    twice = [id for id, count in readers.enqueued.items() if count > 1]
    never = opened - readers.enqueued.keys()
    return Finding(
        "R9",
        passed=not twice and not never and by_the_wrong_clock and max(takeovers) <= limit_seconds,
        figure=f"{len(opened)} slots of {STREAMS} streams: {len(never)} never enqueued, {len(twice)} twice; takeover "
        f"after {takeovers[0]:.1f} s when stopped, {takeovers[1]:.1f} s when killed; the scheduler whose clock is "
        f"{CLOCK_OFF_SECONDS} s off {'led' if by_the_wrong_clock else 'never led'} meanwhile",
        limit=f"each slot enqueued once, takeover within {limit_seconds:g} s",
    )


def _opened(db: Db) -> set[str]:
    """Every slot that was claimed and written down."""
    return set(db["X_sweeps"].distinct("_id"))


def _leader(db: Db) -> str | None:
    """Who claimed the latest slot."""
    found = db["schedules"].find_one({"kind": "search", "claimed_at": {"$exists": True}}, sort=[("claimed_at", -1)])
    return str(found["claimed_by"]) if found else None


def _takeover(readers: Readers, fault: Callable[[], None]) -> float:
    """Seconds from the fault until the next job is there."""
    fault()
    happened_at = time.monotonic()
    _let_pass(2 * INTERVAL_SECONDS)  # what the leader had sent before is read
    before = readers.last_at
    wait_until(lambda: readers.last_at > before, 60, "another scheduler sends jobs")
    return readers.last_at - happened_at


def _end(scheduler: Process) -> None:
    scheduler.terminate()
    scheduler.wait(20)


def _let_pass(seconds: float) -> None:
    threading.Event().wait(max(0.0, seconds))
