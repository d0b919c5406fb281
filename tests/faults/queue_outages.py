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
            names.append(fleet.enqueue("work", name, job_ms, delay_ms=delay_ms))
    return names


def _finding(id: str, fleet: Fleet, names: list[str], note: str, allowed_repeats: int) -> Finding:
    done, dead = fleet.count("done"), len(fleet.broker.dead(len(names)))
    lost = len([name for name in names if not done[name]]) - dead
    restarted = len([worker for worker in fleet.workers if worker.poll() is not None])
    held, repeats = fleet.broker.queue_stats()[QUEUE].in_flight, fleet.repeats()
    return Finding(
        id,
        passed=lost == dead == restarted == held == 0 and repeats <= allowed_repeats,
        figure=f"{note}, {len(names)} jobs: {lost} lost, {dead} dead, {held} held at rest, {repeats} repeats",
        limit=f"0 lost, 0 dead, 0 held, no worker restarted, {allowed_repeats} repeats",
    )


def redis_away(folder: Path, *, seed: int, jobs: int, seconds: float, heartbeat_timeout_ms: int = 4_000) -> Finding:
    """R3: Redis is stopped in order and comes back with its data."""
    with Fleet(folder, heartbeat_timeout_ms=heartbeat_timeout_ms) as fleet:
        fleet.start(2)
        names = _load(fleet, jobs, random.Random(seed), spread_ms=int(seconds * 1200))
        fleet.restart_redis(away_seconds=seconds)
        fleet.wait_at_rest(seconds * 2 + 60)
        return _finding(f"R3 {seconds:g} s", fleet, names, f"away {seconds:g} s", allowed_repeats=0)


def power_cut(folder: Path, *, seconds_of_load: float, unsynced_seconds: float = 1.0) -> Finding:
    """R4: Redis is killed while jobs are enqueued and worked on, and what it wrote in its last second is lost.

    The system keeps what a killed process wrote, so the end of the append-only file is cut off as a power cut would.
    """
    with Fleet(folder) as fleet:
        fleet.start(2)
        fleet.broker.set_epoch("before")
        sent: list[tuple[str, float]] = []
        sizes: list[tuple[float, int]] = []
        stop, file = threading.Event(), _append_only_file(folder / "redis")

        def produce() -> None:
            number = 0
            while not stop.is_set():
                name = f"job-{number}"
                message: dramatiq.Message[Any] = dramatiq.Message(QUEUE, "work", (name, 5), {}, {}, message_id=name)
                try:
                    fleet.broker.enqueue(message)
                except ConnectionClosed:
                    return
                sent.append((name, time.monotonic()))
                sizes.append((time.monotonic(), file.stat().st_size))
                number += 1

        producer = threading.Thread(target=produce)
        producer.start()
        stop.wait(seconds_of_load)
        fleet.redis.process.kill()
        killed_at = time.monotonic()
        stop.set()
        producer.join()
        kept = max((size for at, size in sizes if at <= killed_at - unsynced_seconds), default=0)
        with file.open("rb+") as handle:
            handle.truncate(kept)
        fleet.restart_redis(away_seconds=0)
        fleet.wait_at_rest(60)
        done, epoch = fleet.count("done"), fleet.broker.epoch()
        ages = [killed_at - at for name, at in sent if not done[name]]
        held = fleet.broker.queue_stats()[QUEUE].in_flight
        dead = len(fleet.broker.dead(10))
    oldest = max(ages, default=0.0)
    return Finding(
        "R4",
        passed=oldest <= unsynced_seconds + 0.1 and epoch == "before" and held == dead == 0,
        figure=f"{len(ages)} of {len(sent)} enqueues missing, the oldest {oldest:.2f} s old; {held} held, {dead} dead",
        limit=f"only enqueues of the last {unsynced_seconds:g} s, 0 held, 0 dead",
    )


def _append_only_file(folder: Path) -> Path:
    """Where Redis appends: one file before version 7, the newest of a folder since."""
    return max(path for path in folder.rglob("appendonly.aof*") if path.is_file() and path.suffix != ".manifest")


def stalls(
    folder: Path, *, seed: int, jobs: int, count: int, stall_seconds: float, timeout_seconds: float = 5.0
) -> Finding:
    """R5: Redis stands still under load, for longer than the clients wait."""
    heartbeat_timeout_ms = int(stall_seconds * 4000)
    with Fleet(folder, heartbeat_timeout_ms=heartbeat_timeout_ms, timeout_seconds=timeout_seconds) as fleet:
        fleet.start(2)
        names = _load(fleet, jobs, random.Random(seed), spread_ms=int(stall_seconds * 1000 * count))
        for _ in range(count):
            threading.Event().wait(stall_seconds / 4)
            fleet.stall_redis(stall_seconds)
        fleet.wait_at_rest(60 + stall_seconds * 4)
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
