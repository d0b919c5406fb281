"""Workers that are killed under the real work: what MongoDB holds afterwards (R1, second half)."""

from __future__ import annotations

import random
import threading
import time
from datetime import timedelta
from pathlib import Path

from control import commands
from control.evidence import Interval, gather
from shared.domain.jobs import ALL_QUEUES
from shared.stores.database import ServerClock
from shared.stores.dead_letters import DeadFilter
from tests.faults.finding import Finding
from tests.faults.flock import WholeFlock
from tests.faults.queue_fleet import wait_until
from tests.faults.queue_mongodb import settle

HISTORY = timedelta(minutes=5)
CALM = timedelta(seconds=30)  # a post that is found for so long without a kill must be collected
WORKERS = 3
WORK_SECONDS = 5.0  # streams are searched every second or two


def kills_under_real_work(folder: Path, *, seed: int, kills: int, every_seconds: float) -> Finding:
    """R1: SIGKILL a random worker again and again while pages, counts and files are read and stored.

    What was collected is compared with the simulator's truth: nothing is lost, and no effect is there twice.
    """
    rng = random.Random(seed)
    with WholeFlock(folder, heartbeat_timeout_seconds=2.0) as flock:
        stores = flock.services.stores
        clock = ServerClock(stores.db)
        flock.scheduler()
        workers = [flock.worker(ALL_QUEUES) for _ in range(WORKERS)]
        names = flock.truth.accounts()
        commands.track(flock.services, names, since=HISTORY)
        tracked_at = clock.now()  # no stream began later than this
        wait_until(lambda: stores.posts.count() > 0, 60, "the work has begun")
        in_flight = 0
        for _ in range(kills):
            threading.Event().wait(every_seconds)
            _wait_for_work(flock)
            flock.kill(workers.pop(rng.randrange(WORKERS)))
            in_flight += _in_hand(flock)
            workers.append(flock.worker(ALL_QUEUES))
        until = clock.now()
        left = settle(flock, until, seconds=90)
        # While workers are killed, a post may come and be deleted before one of them has looked.
        findable = timedelta(seconds=kills * every_seconds) + CALM
        interval = Interval(tracked_at - HISTORY, tracked_at, until, findable)
        report = gather(stores.db, flock.truth, names, interval, flock.services.settings.media_path)
        dead = stores.dead_letters.count(DeadFilter())
    missing = {what: ids for what, ids in report["missing"].items() if ids}
    lost = sum(len(ids) for ids in missing.values())
    return Finding(
        "R1 real work",
        passed=lost == report["duplicates"] == dead == 0 and not left and report["posts_expected"] > 0 < in_flight,
        figure=f"{kills} kills, {in_flight} jobs in hand then: of {report['posts_expected']} posts, "
        f"{report['quotes_expected']} quotes and {report['media_expected']} files {lost} lost, "
        f"{report['duplicates']} effects twice in {report['refreshes']} readings, {dead} dead"
        + (f"; missing: {missing}" if missing else "")
        + (f"; never settled: {left}" if left else ""),
        limit="0 lost, 0 effects twice, 0 dead",
    )


def _in_hand(flock: WholeFlock) -> int:
    """How many jobs workers have in hand now."""
    return sum(stats.in_flight for stats in flock.services.broker.introspection.queue_stats().values())


def _wait_for_work(flock: WholeFlock) -> None:
    """Wait until somebody has a job in hand, so that a kill meets work: most jobs take milliseconds."""
    deadline, pause = time.monotonic() + WORK_SECONDS, threading.Event()
    while not _in_hand(flock) and time.monotonic() < deadline:
        pause.wait(0.002)
