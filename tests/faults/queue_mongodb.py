"""Workers whose MongoDB hears them and is not heard, or the other way round (R6)."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

from control import commands
from control.evidence import Interval, gather
from shared.domain.coverage.sweeps import SweepStatus
from shared.domain.jobs import ALL_QUEUES
from shared.domain.outcomes import MAX_BACKOFF_SECONDS, backoff_ceiling_seconds
from shared.stores.database import ServerClock
from shared.stores.dead_letters import DeadFilter
from shared.stores.media import PENDING
from tests.faults.finding import Finding
from tests.faults.flock import WholeFlock
from tests.faults.queue_fleet import wait_until
from tests.faults.tcp_proxy import TcpProxy

HISTORY = timedelta(minutes=5)
# A page that meets three cuts may wait so long; one that meets four is waited for at the end.
RETRY_SECONDS = backoff_ceiling_seconds(3)
SETTLE_SECONDS = MAX_BACKOFF_SECONDS + 30
HELD = 5  # a cut lasts until so many requests or replies were held back


def one_way(folder: Path, *, cut_seconds: float, rounds: int, reset: bool) -> Finding:
    """R6: the replies, then the requests between workers and MongoDB are held back, again and again, under real work.

    reset: connections are reset at the end of a cut, so that nothing that was held back arrives, as a cut longer than
    every timeout would do; else what was held back arrives late. What was collected is compared with the simulator's
    truth.
    """
    with WholeFlock(folder) as flock, TcpProxy(flock.mongo_port) as proxy:
        clock = ServerClock(flock.services.stores.db)
        flock.scheduler()
        flock.mongo_port = proxy.port
        for _ in range(2):
            flock.worker(ALL_QUEUES)
        names = flock.truth.accounts()
        commands.track(flock.services, names, since=HISTORY)
        tracked_at = clock.now()  # no stream began later than this
        wait_until(lambda: flock.services.stores.posts.count() > 0, 60, "the work has begun")
        for hold in [proxy.mute, proxy.deafen] * rounds:
            held_before = proxy.held_back
            hold()
            threading.Event().wait(cut_seconds)
            wait_until(lambda before=held_before: proxy.held_back >= before + HELD, 30, "the cut is felt")  # type: ignore[misc]
            if reset:
                proxy.cut()
            proxy.restore()
            threading.Event().wait(min(2.0, cut_seconds))
        until = clock.now()
        left = settle(flock, until, seconds=SETTLE_SECONDS)
        interval = Interval(tracked_at - HISTORY, tracked_at, until, timedelta(seconds=3 * cut_seconds + RETRY_SECONDS))
        report = gather(flock.services.stores.db, flock.truth, names, interval, flock.services.settings.media_path)
        dead = flock.services.stores.dead_letters.count(DeadFilter())
        faults = flock.logged("StoreUnavailable")
    missing = {what: ids for what, ids in report["missing"].items() if ids}
    lost = sum(len(ids) for ids in missing.values())
    return Finding(
        "R6 MongoDB",
        passed=lost == report["duplicates"] == dead == 0 and not left and report["posts_expected"] > 0,
        figure=f"{2 * rounds} one-way cuts of {cut_seconds:g} s, felt {faults} times: of {report['posts_expected']} "
        f"posts, {report['quotes_expected']} quotes and {report['media_expected']} files {lost} lost, "
        f"{report['duplicates']} effects twice in {report['refreshes']} readings, {dead} dead"
        + (f"; missing: {missing}" if missing else "")
        + (f"; never settled: {left}" if left else ""),
        limit="0 lost, 0 effects twice, 0 dead",
    )


def settle(flock: WholeFlock, until: datetime, *, seconds: float) -> str:
    """Wait until all streams are covered through `until`, no sweep begun before is open, and no file is pending.

    Answers what is left after `seconds`, nothing when all is well.
    """
    stores, deadline, pause = flock.services.stores, time.monotonic() + seconds, threading.Event()
    before = {"status": SweepStatus.OPEN.value, "started_at": {"$lt": until}}
    while True:
        left = {
            "streams behind": sum(stream.covered_through < until for stream in stores.streams.active()),
            "open sweeps": stores.db["X_sweeps"].count_documents(before),
            "pending files": stores.media.count_by_status().get(PENDING, 0),
        }
        if not any(left.values()) or time.monotonic() > deadline:
            return ", ".join(f"{count} {what}" for what, count in left.items() if count)
        pause.wait(0.1)
