"""A Redis that is away, killed, stalled, or reached over a bad network (R3, R4, R5, R6)."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path
from typing import Any

import dramatiq
from dramatiq.errors import ConnectionClosed

from tests.faults.finding import Finding
from tests.faults.power import PowerCut
from tests.faults.queue_fleet import Fleet
from tests.faults.queue_worker import QUEUE
from tests.faults.tcp_proxy import TcpProxy


def _load(fleet: Fleet, jobs: int, rng: random.Random, spread_ms: int, job_ms: int = 100) -> list[str]:
    """Enqueue jobs; every third is delayed by up to `spread_ms`, every tenth defers itself once."""
    names = []
    for number in range(jobs):
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
        fleet.broker.set_epoch("before")
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
        done, epoch = fleet.count("done"), fleet.broker.epoch()
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
    """R6: connections are reset within replies, then replies, then requests are held back for a while."""
    rng = random.Random(seed)
    heartbeat_timeout_ms = int(one_way_seconds * 4000)
    with (
        Fleet(folder, heartbeat_timeout_ms=heartbeat_timeout_ms, timeout_seconds=timeout_seconds) as fleet,
        TcpProxy(fleet.redis_port) as proxy,
    ):
        fleet.port = proxy.port
        fleet.start(2)
        names = _load(fleet, jobs, rng, spread_ms=int(one_way_seconds * 2000))
        pause = threading.Event()
        for _ in range(resets):
            proxy.reset_within_reply(rng.randrange(12))
            pause.wait(rng.uniform(0.02, 0.1))
        for hold in (proxy.mute, proxy.deafen):
            hold()
            pause.wait(one_way_seconds)
            proxy.restore()
            pause.wait(one_way_seconds / 2)
        fleet.wait_at_rest(60 + one_way_seconds * 4)
        note = f"{proxy.resets} resets, two one-way cuts of {one_way_seconds:g} s"
        return _finding("R6", fleet, names, note, allowed_repeats=0)
