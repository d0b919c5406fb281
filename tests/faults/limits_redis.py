"""A limiter whose Redis forgets, dies, or is replaced by one that is behind (L9), each in the middle of a window."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import redis

from shared.runtime.embedded import EmbeddedServer, start_redis
from tests.faults.finding import Finding
from tests.faults.limits_flock import LIMIT, LimitsFlock, Record, Window
from tests.faults.queue_fleet import wait_until
from tests.faults.tcp_proxy import TcpProxy

MIDDLE = (LIMIT // 10, LIMIT * 6 // 10)  # calls of a window before the fault; the last are left for those in flight
TOO_MANY = 429


def flushed(folder: Path, *, seed: int, windows: int) -> Finding:
    """L9: everything in Redis is deleted, once in each window."""
    rng = random.Random(seed)
    with LimitsFlock(folder, seed=seed, slow_ms=20) as flock, redis.Redis.from_url(flock.redis_url) as client:
        seen: Window | None = None
        for _ in range(windows):
            seen = flock.wait_used(rng.randrange(*MIDDLE), after=seen)
            client.flushall()
        flock.wait_windows(windows)
        return _finding("flushed", windows, flock.record())


def flushed_when_used_up(folder: Path, *, seed: int, windows: int) -> Finding:
    """L9: everything is deleted when nothing of the window is left and nobody is on the way."""
    with LimitsFlock(folder, seed=seed) as flock, redis.Redis.from_url(flock.redis_url) as client:
        seen: Window | None = None
        for _ in range(windows):
            seen = flock.wait_used(LIMIT, after=seen)
            threading.Event().wait(0.3)
            client.flushall()
        flock.wait_windows(windows)
        return _finding("flushed when used up", windows, flock.record())


def failed_over(folder: Path, *, seed: int, windows: int, behind_seconds: float) -> Finding:
    """L9: Redis is killed, and its replica, which has heard nothing for `behind_seconds`, takes its place."""
    rng = random.Random(seed)
    master, replica = (start_redis(folder / f"redis-{number}") for number in range(2))
    servers = [master, replica]
    with TcpProxy(_port(master)) as way_in:
        url = f"redis://127.0.0.1:{way_in.port}/0"
        try:
            with LimitsFlock(folder, seed=seed, slow_ms=20, redis_url=url) as flock:
                seen: Window | None = None
                for _ in range(windows):
                    with TcpProxy(_port(master)) as replication:
                        _follow(replica, replication.port)
                        seen = flock.wait_used(rng.randrange(*MIDDLE), after=seen)
                        replication.stall()
                        threading.Event().wait(behind_seconds)
                        master.process.kill()
                        master.process.wait()
                        _client(replica).replicaof("NO", "ONE")
                        way_in.point_at(_port(replica))
                    spare = start_redis(folder / f"redis-{len(servers)}")
                    servers.append(spare)
                    master, replica = replica, spare
                flock.wait_windows(windows)
                record = flock.record()
        finally:
            for server in servers:
                server.stop()
    return _finding(f"failed over to a replica {behind_seconds:g} s behind", windows, record)


def _follow(replica: EmbeddedServer, port: int) -> None:
    client = _client(replica)
    client.replicaof("127.0.0.1", port)
    wait_until(lambda: client.info("replication")["master_link_status"] == "up", 20, "the replica is up to date")


def _client(server: EmbeddedServer) -> redis.Redis:
    return redis.Redis.from_url(server.url)


def _port(server: EmbeddedServer) -> int:
    return int(server.url.rpartition(":")[2].partition("/")[0])


def _finding(what: str, times: int, record: Record) -> Finding:
    probes = sum(call.is_probe and call.status == TOO_MANY for call in record.calls)
    beyond = sum(max(0, window.refused - 1) for window in record.windows)
    others = record.refused - probes
    return Finding(
        "L9",
        beyond == 0 and others == 0,
        f"{what} {times} times: {record.refused} answers of 429, of which {probes} to probes; "
        f"{max(beyond, others)} too many; {record.usage()}",
        "at most one in a window, and that to a probe",
    )
