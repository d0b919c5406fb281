"""A Redis that loses what it was told, under the whole flock: MongoDB knows the work (R4, second half)."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from control import commands
from shared.domain.coverage.sweeps import SweepKind, SweepStatus
from shared.domain.jobs import ALL_QUEUES, Queue
from shared.stores.media import PENDING
from tests.faults.finding import Finding
from tests.faults.flock import Process, WholeFlock
from tests.faults.power import PowerCut
from tests.faults.queue_fleet import pause, resume, wait_until

Loss = Literal["everything", "the last second", "nothing"]

LIMIT_SECONDS = 120.0
LOST_SECONDS = 1.0
AD_HOC_IDS = 150
# A look at all outstanding work is four queries; in a row without a pause they cost more than the work itself.
_LOOK_SECONDS = 0.1
# Without a file to download, the queue of media fills up while everything else is worked off.
_WITHOUT_MEDIA = [queue for queue in ALL_QUEUES if queue != Queue.MEDIA]


@dataclass(frozen=True, slots=True)
class Work:
    """Work that is not done, each kind by the ids that its jobs carry."""

    sweeps: frozenset[str]
    media: frozenset[str]
    refreshes: frozenset[str]
    ad_hoc: frozenset[str]

    def __sub__(self, other: Work) -> Work:
        return Work(
            self.sweeps - other.sweeps,
            self.media - other.media,
            self.refreshes - other.refreshes,
            self.ad_hoc - other.ad_hoc,
        )

    def counts(self) -> tuple[int, int, int, int]:
        """How much of each kind."""
        return len(self.sweeps), len(self.media), len(self.refreshes), len(self.ad_hoc)

    def __str__(self) -> str:
        return "{} sweeps, {} files, {} claimed refreshes, {} ad-hoc ids".format(*self.counts())


def outstanding(flock: WholeFlock) -> Work:
    """By MongoDB: open sweeps, pending files, claimed posts without an answer, ids of ad-hoc runs without a word."""
    db = flock.services.stores.db
    return Work(
        sweeps=frozenset(db["X_sweeps"].distinct("_id", {"status": SweepStatus.OPEN.value})),
        media=frozenset(db["X_media"].distinct("_id", {"download.status": PENDING})),
        refreshes=frozenset(db["X_engagement"].distinct("_id", {"claim_id": {"$exists": True}})),
        ad_hoc=frozenset(
            id for run in db["runs"].find({"kind": "refresh"}) for id in run["subjects"] if id not in run["results"]
        ),
    )


def in_the_queue(flock: WholeFlock) -> Work:
    """By Redis: what the messages that wait or are held are about."""
    jobs = _payloads(flock)
    return Work(
        sweeps=frozenset(job["sweep_id"] for job in jobs if "sweep_id" in job),
        media=frozenset(job["media_key"] for job in jobs if "media_key" in job),
        refreshes=frozenset(id for job in jobs if not job.get("run_id") for id in job.get("post_ids", ())),
        ad_hoc=frozenset(_ad_hoc_copies(flock)),
    )


def _ad_hoc_copies(flock: WholeFlock) -> Counter[str]:
    """In how many messages each ad-hoc id is: X is asked for it, and paid, that often."""
    return Counter(id for job in _payloads(flock) if job.get("run_id") for id in job.get("post_ids", ()))


def _payloads(flock: WholeFlock) -> list[dict[str, Any]]:
    """What all messages that wait or are held carry."""
    broker = flock.services.broker
    stored: list[Any] = [broker.client.hvals(broker.keys(queue).payloads) for queue in ALL_QUEUES]
    return [json.loads(payload)["args"][0] for payloads in stored for payload in payloads]


def redis_forgets(folder: Path, *, loss: Loss, least: int) -> Finding:
    """R4: Redis loses its data under the whole flock: what was outstanding is re-created from MongoDB and carried out.

    The workers are killed first, so that the work is still there when it is counted. least: of sweeps, files and
    claimed refreshes, how many must be outstanding for the result to mean something. A Redis that was only restarted
    is filled again as well, because nobody can tell what it lost; nothing may be in the queue twice then.
    """
    with WholeFlock(folder) as flock, PowerCut(folder / "redis") as power:
        scheduler = flock.scheduler()
        _work_for_a_while(flock, least)
        threading.Event().wait(LOST_SECONDS)  # no end of a call is lost: its grant would bind a window for its lease
        commands.refresh(flock.services, [int(id) for id in _newest_posts(flock, AD_HOC_IDS)], max_age=timedelta(0))
        wanted = outstanding(flock)  # with the ad-hoc ids, which are part of any last second
        if loss == "nothing":
            flock.redis.stop()
        else:
            power.cut(flock.redis, lost_seconds=LOST_SECONDS)
        if loss == "everything":
            shutil.rmtree(folder / "redis")
        pause(scheduler)
        flock.start_redis()
        missing = wanted - in_the_queue(flock)
        resume(scheduler)
        broker = flock.services.broker
        recreated = wait_until(
            lambda: (
                broker.introspection.epoch() == broker.introspection.server_id()
                and not any((wanted - in_the_queue(flock)).counts())
            ),
            180,
            "all is in the queue again",
            look_seconds=_LOOK_SECONDS,
        )
        copies = max(_ad_hoc_copies(flock).values())
        flock.worker(ALL_QUEUES)
        undone = _carry_out(flock, wanted, seconds=180)
        # Of searches: a reading of quotes is abandoned rightly where X says that the quoted post is gone.
        given_up = {"status": SweepStatus.ABANDONED.value, "kind": SweepKind.SEARCH.value}
        abandoned = flock.services.stores.db["X_sweeps"].count_documents(given_up)
    return Finding(
        f"R4 {loss} lost",
        passed=recreated <= LIMIT_SECONDS
        and not any(undone.counts())
        and abandoned == 0
        and copies == 1
        and (loss == "nothing" or any(missing.counts())),
        figure=f"outstanding: {wanted}; lost with Redis: {missing}; all in the queue again after {recreated:.1f} s, "
        f"no ad-hoc id in more than {copies} messages; never carried out: {undone}; {abandoned} searches abandoned",
        limit=f"all in the queue again within {LIMIT_SECONDS:.0f} s, each ad-hoc id once, all carried out",
    )


def _work_for_a_while(flock: WholeFlock, least: int) -> None:
    """Follow every account until there is work of every kind, and kill the worker."""
    commands.track(flock.services, flock.truth.accounts(), since=timedelta(minutes=5))
    worker = flock.worker(_WITHOUT_MEDIA)
    posts = flock.services.stores.posts

    def enough_found() -> bool:
        return posts.count() > AD_HOC_IDS and len(outstanding(flock).media) >= least

    wait_until(enough_found, 60, "posts and files", look_seconds=_LOOK_SECONDS)
    wait_until(lambda: _stands_between_calls(flock, worker), 30, "the worker is between two calls")
    flock.kill(worker)

    def enough() -> bool:
        work = outstanding(flock)
        return len(work.refreshes) >= least and len(work.sweeps) > 0

    wait_until(enough, 60, "sweeps and refreshes that nobody works on", look_seconds=_LOOK_SECONDS)


def _stands_between_calls(flock: WholeFlock, worker: Process) -> bool:
    """Stop the worker, and let it go on if it has a call in flight, whose grant would bind a window for its lease."""
    pause(worker)
    if any(window.in_flight for window in flock.services.limiter.state().windows):
        resume(worker)
        return False
    return True


def _newest_posts(flock: WholeFlock, count: int) -> list[str]:
    found = flock.services.stores.db["X_tweets"].find({}, {"_id": 1}).sort("created_at", -1).limit(count)
    return [document["_id"] for document in found]


def _carry_out(flock: WholeFlock, wanted: Work, *, seconds: float) -> Work:
    """What of the wanted work is not done within `seconds`."""
    deadline, left, pause = time.monotonic() + seconds, wanted, threading.Event()
    while any(left.counts()) and time.monotonic() < deadline:
        pause.wait(_LOOK_SECONDS)
        left -= left - outstanding(flock)  # what was done once is done, though a post may be due again by now
    return left
