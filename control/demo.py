"""The main job, end to end, on one machine: real Redis and MongoDB, the simulator as X, a whole flock.

start servers -> simulator -> scheduler, workers, media worker -> follow accounts -> watch -> stop the clock
-> wait until everything up to then is covered -> compare with the truth -> report
"""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from control import commands
from control.answers import as_json
from control.demo_world import SEARCH_INTERVAL_SECONDS, as_environment, rhythm_of, simulated_x
from control.evidence import Interval, Truth, failures, gather
from control.local import Flock, forget_servers, note_servers
from control.look_up import look_up
from control.runs import RunState, runs
from shared.domain.errors import InputError, PassingFault
from shared.domain.jobs import ALL_QUEUES, Queue
from shared.runtime.disk import BEGIN_BYTES, LOCK, check_room, held, writing
from shared.runtime.embedded import running
from shared.runtime.settings import Settings, blank_environment
from shared.services import bootstrap
from shared.services.bootstrap import Services
from shared.stores.database import ServerClock

HISTORY = timedelta(minutes=5)  # followed from this long before the start, so that there are pages to turn
SETTLE_SECONDS = 75.0
START_SECONDS = 30.0
SHOWN_RUNS = 9
MARK = ".covey-demo"  # only a folder with this file is emptied
Show = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What a person may choose."""

    seconds: float
    accounts: int
    workers: int
    seed: int
    data_dir: Path


def run(options: Options, *, show: Show, say: Callable[[str], None], stop: threading.Event) -> dict[str, Any]:
    """Run the demo; answers the report. `show` is told figures every second, `say` what happens, in a sentence.

    Raises InputError when something that is needed is missing or does not start.
    """
    began = time.monotonic()
    _refuse_others(options.data_dir)
    with held(options.data_dir, "covey demo") as lock:
        try:
            _empty(options.data_dir)
            check_room(options.data_dir, BEGIN_BYTES)
            report = _run(options, lock, show, say, stop)
        except PassingFault:
            check_room(options.data_dir)
            raise
        report["seconds"] = round(time.monotonic() - began, 1)
        report["failures"] = failures(report)
        if not report["settled"]:
            report["failures"].append(f"not everything was covered {SETTLE_SECONDS:.0f} s after the end")
        report["passed"] = not report["failures"]
        path = options.data_dir / "report.json"
        with writing(options.data_dir):
            path.write_text(json.dumps(report, indent=2, default=as_json) + "\n")
    return report


def _run(options: Options, lock: int, show: Show, say: Callable[[str], None], stop: threading.Event) -> dict[str, Any]:
    """Everything between two empty folders: servers, world, flock."""
    say("starting redis-server and mongod")
    with running(options.data_dir, keep_open=[lock]) as servers:
        say("starting the simulator, the scheduler and the workers")
        with simulated_x(options.accounts, options.seed, options.data_dir / "logs") as base_url:
            rhythm = rhythm_of(base_url, options.data_dir)
            # What a person has set for X, money or media does not hold for a simulated world.
            settings = Settings.alone(redis_url=servers.redis_url, mongo_uri=servers.mongo_uri, **rhythm)
            environment = blank_environment(
                REDIS_URL=servers.redis_url, MONGO_URI=servers.mongo_uri, **as_environment(rhythm)
            )
            flock = Flock(options.data_dir / "logs", environment, grace_seconds=settings.shutdown_grace_seconds)
            note_servers(options.data_dir, servers)
            try:
                _start(flock, options.workers)
                report = _follow(options, settings, Truth(base_url), flock, show, say, stop)
            finally:
                killed = flock.stop()
                forget_servers(options.data_dir)
            return report | {"restarts": flock.restarts, "killed_at_stop": killed}


def _follow(
    options: Options,
    settings: Settings,
    truth: Truth,
    flock: Flock,
    show: Show,
    say: Callable[[str], None],
    stop: threading.Event,
) -> dict[str, Any]:
    """Follow the accounts for the time given, wait for what is still on its way, and gather the evidence."""
    services = bootstrap.build(settings, middleware=[])
    services.stores.ensure_indexes()
    clock = ServerClock(services.stores.db)
    names = truth.accounts()[: options.accounts]
    found = look_up(services, names)
    commands.track(services, names, since=HISTORY, found=found, count=True, sample=True)
    tracked_at = clock.now()  # no stream began later: what lies before its begin is not demanded
    say(f"following {len(names)} accounts for {options.seconds:.0f} s")
    deadline = time.monotonic() + options.seconds
    while time.monotonic() < deadline and not stop.wait(1.0):
        _watch(flock, say)
        show(_figures(services, truth, flock, left_seconds=max(0.0, deadline - time.monotonic())))
    if stop.is_set():
        raise InputError("interrupted; no report was written")
    until = clock.now()
    say("waiting until everything up to now is covered")
    settled = _settle(services, until, lambda: _tick(services, truth, flock, show, say), stop)
    interval = Interval(
        since=tracked_at - HISTORY,
        tracked_at=tracked_at,
        until=until,
        findable=timedelta(seconds=3 * SEARCH_INTERVAL_SECONDS + 5),
    )
    report = gather(services.stores.db, truth, names, interval, settings.media_path)
    return report | {"settled": settled, "runs": runs(services, SHOWN_RUNS)}


def _watch(flock: Flock, say: Callable[[str], None]) -> None:
    """Start again what has died, and say so."""
    for name in flock.watch_once():
        say(f"{name} died and is started again")


def _tick(services: Services, truth: Truth, flock: Flock, show: Show, say: Callable[[str], None]) -> None:
    _watch(flock, say)
    show(_figures(services, truth, flock, left_seconds=0.0))


def _settle(services: Services, until: datetime, tick: Callable[[], None], stop: threading.Event) -> bool:
    """Wait until all streams are covered through `until`, no reading of quotes is open, no file is pending and
    no request is under way.

    Answers whether it came to that in time.
    """
    stores = services.stores
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline and not stop.wait(0.5):
        tick()
        covered = all(stream.covered_through >= until for stream in stores.streams.active())
        quiet = stores.db["X_sweeps"].count_documents({"status": "open", "started_at": {"$lt": until}}) == 0
        files = stores.media.count_by_status().get("pending", 0) == 0
        paid = all(run["state"] != RunState.UNDER_WAY for run in runs(services, SHOWN_RUNS))
        if covered and quiet and files and paid:
            return True
    return False


def _figures(services: Services, truth: Truth, flock: Flock, *, left_seconds: float) -> dict[str, Any]:
    calls = truth.calls()
    queues = services.broker.introspection.queue_stats()
    return {
        "left_seconds": left_seconds,
        "posts": services.stores.posts.count(),
        "snapshots": services.stores.engagement.count_snapshots(),
        "files": services.stores.media.count_by_status().get("ok", 0),
        "calls": sum(sum(answers.values()) for answers in calls.values()),
        "http_429": sum(answers.get("429", 0) for answers in calls.values()),
        "jobs_waiting": sum(stats.ready for stats in queues.values()),
        "restarts": flock.restarts,
    }


def _start(flock: Flock, workers: int) -> None:
    """The flock: one scheduler, `workers` workers for all but media, and one for media."""
    api_queues = ",".join(queue for queue in ALL_QUEUES if queue != Queue.MEDIA)
    flock.add("scheduler", "scheduler", "--metrics-port", "0")
    for number in range(1, workers + 1):
        flock.add(f"worker-{number}", "workers.main", "--queues", api_queues, "--metrics-port", "0")
    flock.add("worker-media", "workers.main", "--queues", Queue.MEDIA, "--metrics-port", "0")


def _refuse_others(folder: Path) -> None:
    """Raises InputError for a folder that holds something other than an earlier demo, or one that begins."""
    if folder.exists() and any(one.name != LOCK for one in folder.iterdir()) and not (folder / MARK).is_file():
        raise InputError(f"{folder} holds other things than a demo; choose another --data-dir, or remove it")


def _empty(folder: Path) -> None:
    """Begin with an empty folder, but for the lock that is held and the mark of a demo."""
    with writing(folder):
        for one in folder.iterdir():
            if one.is_dir():
                shutil.rmtree(one)
            elif one.name not in (LOCK, MARK):
                one.unlink()
        (folder / MARK).touch()
