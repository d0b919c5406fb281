"""The round: plan, work off, plan what follows, until nothing is due, a cap is reached or a person stops it.

    begin --> working --queues empty--> plan what follows --nothing--> done
                 | cap, SIGTERM, a job that does not end
                 v
              stopping: what runs is finished, the rest is given back --> ended

What comes due within WAIT (a retry, a limit) is waited for. What comes later is left, as is what others hold.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from once.brake import Brake, Caps
from once.planning import Planning
from shared.broker import start_worker
from shared.domain.flock import ProcessKind
from shared.domain.jobs import ALL_QUEUES
from shared.domain.money.prices import MICRO
from shared.runtime.clock import SystemClock
from shared.runtime.settings import Settings
from shared.services import bootstrap, preflight, upgrading
from shared.services.bootstrap import Services
from shared.services.presence import Presence
from workers import series
from workers.actors import declare_all
from workers.main import URGENT, describe, middleware_of, parts_of, pause
from workers.running import RunningJobs
from workers.watchdog import Watchdog

DONE: Final = "done"
INTERRUPTED: Final = "interrupted"
STUCK: Final = "stuck"

WAIT: Final = timedelta(seconds=30)
LOOK_SECONDS: Final = 0.05
SHOW_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a round did. ended: done, the cap that ended it, interrupted, or stuck. jobs: how many ended, by outcome.
    failures: what was given up or waits for a person, with how often. left: jobs that wait, by queue. next_at: when
    the first of them is due.
    """

    ended: str
    seconds: float
    posts_stored: int
    calls: int
    usd: float
    jobs: dict[str, int]
    failures: dict[str, int]
    left: dict[str, int]
    next_at: datetime | None
    queues: list[str] = field(default_factory=list)
    paused: list[str] = field(default_factory=list)

    @property
    def status(self) -> int:
        """The exit status: 1 after failures, 3 where due work is left, else 0."""
        if self.failures or self.ended == STUCK:
            return 1
        return 0 if self.ended == DONE else 3


Show = Callable[[str], None]


def run(settings: Settings, only: Collection[str], caps: Caps, *, stop: threading.Event, show: Show) -> Summary:
    """One round on the queues `only`, less those that are paused. show: is told how it goes, twice a second.

    Raises InputError for what is missing, StoreUnavailable, and BrokerUnavailable.
    """
    began, clock, brake = time.monotonic(), SystemClock(), Brake(caps)
    jobs = RunningJobs(clock)
    services = bootstrap.build(
        settings, middleware=[jobs, *middleware_of(settings, clock, on_outcome=brake.count), brake]
    )
    brake.tally = services.tally
    bootstrap.reach(services)
    paused = set(services.pausing.paused())
    queues = tuple(queue for queue in ALL_QUEUES if queue in only and queue not in paused)
    preflight.require(services, parts_of(queues) if queues else preflight.EVERY_PROCESS)
    upgrading.take_over(services.stores, now=services.clock.now())
    services.stores.ensure_indexes()
    declare_all(services)
    series.begin(queues)
    threads = caps.threads(settings.worker_threads)
    presence = Presence(
        services,
        ProcessKind.WORKER,
        describe=lambda: {**describe(services, jobs, queues), "threads": threads},
        hear=lambda paused: pause(services, queues, ALL_QUEUES if brake.reached() else paused),
    )
    watchdog = Watchdog(jobs, limit_seconds=settings.job_limit_seconds, abandon=services.broker.abandon, leave=stop.set)
    presence.begin()
    planning = Planning(services, queues)
    planning.begin()
    worker = start_worker(services.broker, queues=queues, threads=threads, urgent=URGENT)
    threading.Thread(target=watchdog.run_forever, args=(stop,), name="watchdog", daemon=True).start()
    try:
        ended = _work_off(services, planning, brake, stop, show, queues, me=presence.id)
    finally:
        worker.stop(timeout=int(settings.shutdown_grace_seconds * 1000))
        presence.end()
    planning.end()
    counted = services.tally.counted
    left, next_at = _left(services)
    summary = Summary(
        ended=STUCK if watchdog.stuck else ended,
        seconds=round(time.monotonic() - began, 1),
        posts_stored=counted.posts,
        calls=counted.calls,
        usd=counted.micro_usd / MICRO,
        jobs=dict(sorted(brake.outcomes.items())),
        failures=dict(sorted(brake.failures.items())),
        left=left,
        next_at=next_at,
        queues=list(queues),
        paused=sorted(paused),
    )
    stop.set()  # the watchdog's thread
    services.broker.close()
    return summary


def _work_off(
    services: Services,
    planning: Planning,
    brake: Brake,
    stop: threading.Event,
    show: Show,
    queues: Collection[str],
    *,
    me: str,
) -> str:
    """Wait until nothing is due, and plan what follows; answers why it ended."""
    show_at, was_quiet = 0.0, False
    while not stop.wait(LOOK_SECONDS):
        if cap := brake.reached():
            return cap
        if time.monotonic() >= show_at:
            show_at = time.monotonic() + SHOW_SECONDS
            show(_progress(services, brake))
        is_quiet = _is_quiet(services, queues, me)
        if is_quiet and was_quiet and not planning.next():  # twice: a job may send to a queue that was looked at
            return DONE
        was_quiet = is_quiet and not was_quiet
    return INTERRUPTED


def _is_quiet(services: Services, queues: Collection[str], me: str) -> bool:
    """Whether nothing that this process may do is due, under way, or due in a moment."""
    broker = services.broker
    if len(broker.context.hands):
        return False
    stats = broker.introspection.queue_stats()
    served = [queue for queue in queues if queue not in broker.context.paused]
    if any(stats[queue].ready for queue in served):
        return False
    if any(stats[queue].in_flight for queue in served) and not _has_others(services, me):
        return False  # of a worker that died; they come back when it has been silent for long enough
    return not any(stats[queue].delayed and _is_soon(services, queue) for queue in served)


def _is_soon(services: Services, queue: str) -> bool:
    look = services.broker.introspection.look(queue, limit=1, with_held=False)
    return any(one.due_at - look.at <= WAIT for one in look.waiting)


def _has_others(services: Services, me: str) -> bool:
    """Whether another worker is there."""
    now = services.clock.now()
    there = (one for one in services.stores.processes.all() if one.id != me)
    return any(one.kind is ProcessKind.WORKER and not one.is_gone(now) for one in there)


def _left(services: Services) -> tuple[dict[str, int], datetime | None]:
    """Jobs that wait, by queue, and when the first of them is due."""
    stats = services.broker.introspection.queue_stats()
    left: dict[str, int] = {
        queue: count for queue in ALL_QUEUES if (count := stats[queue].ready + stats[queue].delayed)
    }
    looks = (services.broker.introspection.look(queue, limit=1, with_held=False) for queue in left)
    return left, min((one.due_at for look in looks for one in look.waiting), default=None)


def _progress(services: Services, brake: Brake) -> str:
    counted, stats = services.tally.counted, services.broker.introspection.queue_stats()
    waiting = sum(one.ready + one.in_flight for one in stats.values())
    ended, money = sum(brake.outcomes.values()), f"${counted.micro_usd / MICRO:.3f}"
    return f"{counted.posts} new posts  {counted.calls} calls  {money}  {ended} jobs ended, {waiting} to do"
