"""Too much at once: an hour of slots that nobody claimed (R10), ten thousand jobs that are due (R11)."""

from __future__ import annotations

import math
import threading
import time
import uuid
from datetime import timedelta
from pathlib import Path

from scheduler.leader import Leader
from scheduler.loop import Loop
from shared.domain.jobs import MAX_IDS, Queue, RefreshEngagement
from shared.redis.connection import connect
from shared.runtime.clock import ManualClock
from shared.services import bootstrap
from tests.faults.finding import Finding
from tests.faults.flock import WholeFlock
from tests.faults.queue_fleet import wait_until

INTERVAL_SECONDS = 900.0
LEAST_SPREAD_SECONDS = 300.0
NARROW = 64  # characters in a query: one account a stream

# A window of 30 s stands for X's of 15 minutes; 60 calls of it are kept for people (10 %), of whom one asks a second.
LIMIT = 600
P95_LIMIT_SECONDS, P99_LIMIT_SECONDS = 1.0, 2.0


def scheduler_away(folder: Path, *, streams: int) -> Finding:
    """R10: no scheduler runs for an hour, on a simulated clock; then one looks every second."""
    with WholeFlock(
        folder, simulator=False, x_query_max_length=NARROW, search_interval_seconds=INTERVAL_SECONDS
    ) as flock:
        services = flock.services
        clock = ManualClock(services.clock.now())
        names = [f"account_{number}" for number in range(streams)]
        services.following.follow(names, since=clock.now(), now=clock.now())
        lease = Leader(connect(bootstrap.redis_url(services.settings)), name="one", lease_seconds=3600.0)
        loop = Loop(services, lease, clock)
        clock.advance(3600)
        opened_at: list[float] = []
        sweeps = services.stores.db["X_sweeps"]
        for second in range(int(INTERVAL_SECONDS / 2)):
            loop.run_once()
            opened_at += [second] * (sweeps.estimated_document_count() - len(opened_at))
            clock.advance(1)
        subjects = len(sweeps.distinct("subject"))
    spread = opened_at[-1] - opened_at[0] + 1  # the last second counts
    busiest = max(opened_at.count(second) for second in set(opened_at))
    return Finding(
        "R10",
        passed=subjects == len(opened_at) == streams and spread >= LEAST_SPREAD_SECONDS,
        figure=f"{len(opened_at)} runs of {subjects} streams, spread over {spread:.0f} s, at most {busiest} a second",
        limit=f"one run of each of {streams} streams, spread over {LEAST_SPREAD_SECONDS:.0f} s",
    )


def all_due_at_once(folder: Path, *, jobs: int, seconds: float) -> Finding:
    """R11: thousands of refreshes are due at once, on the limits of X, while a person asks for a post every second.

    What a person waits is the time from the request until the reading is stored, as somebody sees it who looks all the
    time. What is due are posts that neither X nor Covey knows, so that no job finds its posts read by another one and
    every job is a call.
    """
    with WholeFlock(folder, limits=(f"tweets={LIMIT}",)) as flock:
        services = flock.services
        ids = _some_posts(flock)
        now = services.clock.now
        batches = [RefreshEngagement(claim_id=f"due-{number}", post_ids=_strangers(number)) for number in range(jobs)]
        services.sender.send_all(batches, queue=Queue.ENGAGEMENT)
        for _ in range(2):
            flock.worker([Queue.INTERACTIVE, Queue.ENGAGEMENT])
        wait_until(lambda: flock.logged("worker ready") == 2, 60, "both workers are ready")
        asked: list[str] = []
        seen, pause, began = Seen(flock), threading.Event(), time.monotonic()
        while time.monotonic() - began < seconds:
            run_id, post_id = uuid.uuid4().hex, ids[len(asked) % len(ids)]
            seen.asked(post_id)
            services.stores.runs.begin(run_id, kind="refresh", subjects=[post_id], now=now())
            job = RefreshEngagement(claim_id=run_id, post_ids=(post_id,), run_id=run_id)
            services.sender.send(job, queue=Queue.INTERACTIVE)
            asked.append(run_id)
            pause.wait(1.0)
        waits = seen.waits(within_seconds=10.0)
        answers = flock.truth.calls()["tweets"]
    (p95, p99), refused = (waits[int(len(waits) * part)] for part in (0.95, 0.99)), answers.get("429", 0)
    return Finding(
        "R11",
        passed=refused == 0 and p95 <= P95_LIMIT_SECONDS and p99 <= P99_LIMIT_SECONDS,
        figure=f"{jobs} jobs due, {sum(answers.values())} calls in {seconds:.0f} s: {refused} answers of 429; "
        f"{len(waits)} people waited {p95:.2f} s (p95), {p99:.2f} s (p99), {waits[-1]:.2f} s at most",
        limit=f"0 answers of 429, p95 of {P95_LIMIT_SECONDS:g} s, p99 of {P99_LIMIT_SECONDS:g} s",
    )


class Seen:
    """Looks all the time which of the posts that people asked for are stored with their counts."""

    def __init__(self, flock: WholeFlock) -> None:
        self._states = flock.services.stores.db["X_engagement"]
        self._open: dict[str, float] = {}
        self._waits: list[float] = []
        self._ends, self._lock = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def asked(self, post_id: str) -> None:
        """Somebody asks for a post now that was never seen."""
        with self._lock:
            self._open[post_id] = time.monotonic()

    def waits(self, *, within_seconds: float) -> list[float]:
        """How long each took, in order, when all came or so much time went by; infinite is what never came."""
        deadline = time.monotonic() + within_seconds
        while self._open and time.monotonic() < deadline:
            self._ends.wait(0.05)
        self._ends.set()
        self._thread.join()
        return sorted([*self._waits, *(math.inf for _ in self._open)])

    def _look(self) -> None:
        while not self._ends.wait(0.01):
            with self._lock:
                wanted = list(self._open)
            there = self._states.find({"_id": {"$in": wanted}, "read_at": {"$ne": None}}, {"_id": 1}) if wanted else ()
            now = time.monotonic()
            for post_id in [one["_id"] for one in there]:
                with self._lock:
                    self._waits.append(now - self._open.pop(post_id))


def _strangers(number: int) -> tuple[str, ...]:
    """Ids of no post, others for each number."""
    return tuple(str(1 + number * MAX_IDS + place) for place in range(MAX_IDS))


def _some_posts(flock: WholeFlock) -> list[str]:
    """Ids of a few thousand posts of the simulated world."""
    now = flock.services.clock.now()
    accounts = flock.truth.accounts()[:10]
    query = " OR ".join(f"from:{name}" for name in accounts)
    found = flock.truth.posts(f"({query})", since=now - timedelta(hours=12), until=now)
    return [post["id"] for post in found if post["state"] == "live"]
