"""A Redis that is away, killed, stalled, or reached over a bad network (R3, R4, R5, R6)."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dramatiq
from dramatiq.errors import ConnectionClosed

from tests.faults.finding import Finding
from tests.faults.power import PowerCut
from tests.faults.queue_fleet import Fleet, wait_until
from tests.faults.queue_worker import QUEUE
from tests.faults.tcp_proxy import TcpProxy

HELD = 2  # so often something must have been held back in a cut: once a worker
RESET_MS = 200  # about the time that passes from one reset to the next


def _load(
    fleet: Fleet, jobs: int, rng: random.Random, spread_ms: int, job_ms: int = 100, *, first: int = 0
) -> list[str]:
    """Enqueue jobs, numbered from `first`; every third is delayed by up to `spread_ms`, every tenth defers itself."""
    names = []
    for number in range(first, first + jobs):
        name = f"job-{number}"
        if number % 10 == 4:
            names.append(fleet.enqueue("defer_once", name, rng.randrange(spread_ms), str(fleet.folder / name)))
        else:
            delay_ms = rng.randrange(spread_ms) if number % 3 == 0 else None
            if delay_ms is not None:
                fleet.delayed.add(name)
            names.append(fleet.enqueue("work", name, job_ms, delay_ms=delay_ms))
    return names


def _finding(id: str, fleet: Fleet, names: list[str], note: str, allowed_repeats: int) -> Finding:
    done, dead = fleet.count("done"), len(fleet.dead())
    undone = [name for name in names if not done[name]]
    delayed = len([name for name in undone if name in fleet.delayed])
    restarted = len([worker for worker in fleet.workers if worker.poll() is not None])
    (waiting, held), repeats = fleet.depths(), fleet.repeats()
    return Finding(
        id,
        passed=not undone and dead == restarted == waiting == held == 0 and repeats <= allowed_repeats,
        figure=f"{note}, {len(names)} jobs: {len(undone)} never ran ({delayed} of {len(fleet.delayed)} delayed ones), "
        f"{dead} dead, {held} held at rest, {repeats} repeats",
        limit=f"all ran, 0 dead, 0 held, no worker restarted, {allowed_repeats} repeats",
    )


def redis_away(
    folder: Path,
    *,
    seed: int,
    jobs: int,
    seconds: float,
    heartbeat_timeout_ms: int = 4_000,
    patience_seconds: float = 45.0,
    fleet_type: type[Fleet] = Fleet,
) -> Finding:
    """R3: Redis is stopped in order and comes back with its data; watched until nothing happens any longer."""
    with fleet_type(folder, heartbeat_timeout_ms=heartbeat_timeout_ms) as fleet:
        fleet.start(2)
        names = _load(fleet, jobs, random.Random(seed), spread_ms=int(seconds * 1200))
        fleet.restart_redis(away_seconds=seconds)
        fleet.settle(patience_seconds)
        return _finding(f"R3 {seconds:g} s", fleet, names, f"away {seconds:g} s", allowed_repeats=0)


def power_cut(folder: Path, *, seconds_of_load: float, unsynced_seconds: float = 1.0) -> Finding:
    """R4: the power of Redis is cut while jobs are enqueued and worked on."""
    with Fleet(folder) as fleet, PowerCut(folder / "redis") as power:
        fleet.start(2)
        fleet.broker.introspection.set_epoch("before")
        sent: list[tuple[str, float]] = []
        stop = threading.Event()

        def produce() -> None:
            while not stop.is_set():
                name = f"job-{len(sent)}"
                message: dramatiq.Message[Any] = dramatiq.Message(QUEUE, "work", (name, 5), {}, {}, message_id=name)
                try:
                    fleet.broker.enqueue(message)
                except ConnectionClosed:
                    return
                sent.append((name, time.monotonic()))

        producer = threading.Thread(target=produce)
        producer.start()
        stop.wait(seconds_of_load)
        killed_at = power.cut(fleet.redis, lost_seconds=unsynced_seconds)
        stop.set()
        producer.join()
        fleet.restart_redis(away_seconds=0)
        fleet.settle(30)
        done, epoch = fleet.count("done"), fleet.broker.introspection.epoch()
        ages = [killed_at - at for name, at in sent if not done[name]]
        waiting, held = fleet.depths()
        dead = len(fleet.dead())
    oldest = max(ages, default=0.0)
    return Finding(
        "R4",
        passed=oldest <= unsynced_seconds + 0.1 and epoch == "before" and waiting == held == dead == 0,
        figure=f"{len(ages)} of {len(sent)} enqueues missing, the oldest {oldest:.2f} s old; {held} held, {dead} dead",
        limit=f"only enqueues of the last {unsynced_seconds:g} s, 0 held, 0 dead",
    )


def stalls(
    folder: Path,
    *,
    seed: int,
    jobs: int,
    count: int,
    stall_seconds: float,
    timeout_seconds: float = 5.0,
    patience_seconds: float = 45.0,
    fleet_type: type[Fleet] = Fleet,
) -> Finding:
    """R5: Redis stands still under load, for longer than the clients wait; watched until nothing happens any longer."""
    heartbeat_timeout_ms = int(stall_seconds * 4000)
    with fleet_type(folder, heartbeat_timeout_ms=heartbeat_timeout_ms, timeout_seconds=timeout_seconds) as fleet:
        fleet.start(2)
        names = _load(fleet, jobs, random.Random(seed), spread_ms=int(stall_seconds * 1000 * count))
        for _ in range(count):
            threading.Event().wait(stall_seconds / 4)
            fleet.stall_redis(stall_seconds)
        fleet.settle(patience_seconds)
        return _finding("R5", fleet, names, f"{count} stalls of {stall_seconds:g} s", allowed_repeats=0)


def bad_network(
    folder: Path, *, seed: int, jobs: int, resets: int, one_way_seconds: float, timeout_seconds: float = 1.0
) -> Finding:
    """R6: connections are reset within replies, then replies, then requests are held back for a while.

    A third of the jobs comes with each of the three faults and falls due in all of its time.
    """
    rng = random.Random(seed)
    heartbeat_timeout_ms = int(one_way_seconds * 4000)
    with (
        Fleet(folder, heartbeat_timeout_ms=heartbeat_timeout_ms, timeout_seconds=timeout_seconds) as fleet,
        TcpProxy(fleet.redis_port) as proxy,
    ):
        fleet.port = proxy.port
        fleet.start(2)
        names = _load(fleet, jobs // 3, rng, spread_ms=resets * RESET_MS)
        for count in range(1, resets + 1):
            proxy.reset_within_reply(rng.randrange(12))
            wait_until(lambda count=count: proxy.resets >= count, 30, "a connection was reset")  # type: ignore[misc]
            threading.Event().wait(rng.uniform(0.02, 0.1))
        cuts: list[Cut] = []
        for hold in (proxy.mute, proxy.deafen):
            names += _load(fleet, jobs // 3, rng, spread_ms=int(one_way_seconds * 1500), first=len(names))
            cuts.append(_one_way(fleet, proxy, hold, one_way_seconds))
        fleet.wait_at_rest(60 + one_way_seconds * 4)
        finding = _finding("R6", fleet, names, f"{proxy.resets} resets, {cuts[0]}, {cuts[1]}", allowed_repeats=0)
    return replace(
        finding,
        passed=finding.passed and all(cut.was_felt for cut in cuts),
        limit=f"{finding.limit}, jobs running and waiting in both cuts, {HELD} times something held back in each",
    )


@dataclass(frozen=True, slots=True)
class Cut:
    """One direction held back. running: jobs that ran into it. due: jobs that were due at its end and not done.
    held_back: how often something came that was kept.
    """

    seconds: float
    running: int
    due: int
    held_back: int

    @property
    def was_felt(self) -> bool:
        """Whether there was anything to break."""
        return self.running > 0 and self.due > 0 and self.held_back >= HELD

    def __str__(self) -> str:
        return (
            f"{self.seconds:g} s one way with {self.running} running and {self.due} due jobs "
            f"({self.held_back} times held back)"
        )


def _one_way(fleet: Fleet, proxy: TcpProxy, hold: Callable[[], None], seconds: float) -> Cut:
    """Hold one direction back from a moment on at which jobs run."""
    pause, before = threading.Event(), proxy.held_back
    wait_until(fleet.all_running, 30, "jobs run")
    hold()
    running = len(fleet.all_running())
    pause.wait(seconds)
    stats = fleet.broker.introspection.queue_stats()[QUEUE]
    held_back = proxy.held_back - before
    proxy.restore()
    pause.wait(seconds / 2)
    return Cut(seconds, running=running, due=stats.ready + stats.in_flight, held_back=held_back)
