"""Worker processes, a Redis of their own, and what their ledger says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar, Self

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.errors import ConnectionClosed

from shared.broker import CoveyBroker, build_broker
from shared.runtime.embedded import EmbeddedServer, start_redis
from tests.faults.queue_worker import QUEUE


def wait_until(condition: Callable[[], object], seconds: float, what: str, *, look_seconds: float = 0.02) -> float:
    """Wait until `condition` holds, seen every `look_seconds`; how long that took. AssertionError after `seconds`."""
    started, pause = time.monotonic(), threading.Event()
    while not condition():
        if time.monotonic() - started > seconds:
            raise AssertionError(f"not within {seconds} s: {what}")
        pause.wait(look_seconds)
    return time.monotonic() - started


def pause(process: subprocess.Popen[bytes]) -> None:
    """SIGSTOP, and wait until every thread of the process stands still (proc(5): state T)."""
    process.send_signal(signal.SIGSTOP)

    def stands_still() -> bool:
        tasks = Path(f"/proc/{process.pid}/task").iterdir()
        return all((task / "stat").read_text().rsplit(")", 1)[1].split()[0] == "T" for task in tasks)

    wait_until(stands_still, 20, "the process stands still")


def resume(process: subprocess.Popen[bytes]) -> None:
    """SIGCONT."""
    process.send_signal(signal.SIGCONT)


class Fleet:
    """Workers on one Redis. `port` (of a proxy) is what the workers connect to; the fleet itself connects directly."""

    _options: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        folder: Path,
        *,
        heartbeat_timeout_ms: int = 2_000,
        last_chance_delay_ms: int = 2_000,
        unknown_job_ms: int = 3_600_000,
        threads: int = 4,
        timeout_seconds: float = 5.0,
    ) -> None:
        self.folder = folder
        self.redis: EmbeddedServer = start_redis(folder / "redis")
        self.redis_port = int(self.redis.url.rpartition(":")[2].partition("/")[0])
        self.workers: list[subprocess.Popen[bytes]] = []
        self.port = self.redis_port
        self.timeout_seconds = timeout_seconds
        self.delayed: set[str] = set()  # the jobs that a program enqueued with a delay
        self._ledger = folder / "ledger"
        self._ledger.touch()
        self._arguments = [
            *("--heartbeat-timeout-ms", str(heartbeat_timeout_ms), "--threads", str(threads)),
            *("--last-chance-delay-ms", str(last_chance_delay_ms), "--unknown-job-ms", str(unknown_job_ms)),
            *self._options,
        ]
        self.connect()

    def connect(self) -> None:
        """Build the broker that this process enqueues with."""
        self.broker: CoveyBroker = build_broker(self.redis.url, middleware=[], queues=[QUEUE])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.broker.close()
        self.redis.stop()

    # --- faults

    def start(self, count: int = 1) -> list[subprocess.Popen[bytes]]:
        """Start workers and wait until they are ready; one that its first job ended is not waited for."""
        url = f"redis://127.0.0.1:{self.port}/0?socket_timeout={self.timeout_seconds}"
        command = [sys.executable, "-m", "tests.faults.queue_worker", url, str(self._ledger), *self._arguments]
        environment = {**os.environ, "dramatiq_restart_delay": "500"}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        started = [subprocess.Popen(command, env=environment, **quiet) for _ in range(count)]
        self.workers += started

        def are_ready() -> bool:
            ready = {pid for pid, event, _ in self.lines() if event == "ready"}
            return all(str(worker.pid) in ready or worker.poll() is not None for worker in started)

        wait_until(are_ready, 60, "workers ready")
        return started

    def kill(self, worker: subprocess.Popen[bytes]) -> set[str]:
        """SIGKILL a worker; the jobs it had in flight."""
        worker.kill()
        worker.wait()
        self.workers.remove(worker)
        return self.held_by(worker)

    def restart_redis(self, *, away_seconds: float) -> None:
        """End Redis in order, and start it on the same port and data after `away_seconds`."""
        self.redis.process.terminate()
        self.redis.process.wait()
        threading.Event().wait(away_seconds)
        self.redis = start_redis(self.folder / "redis", port=self.redis_port)

    def stall_redis(self, seconds: float) -> None:
        """SIGSTOP Redis, and SIGCONT it after `seconds`."""
        self.redis.process.send_signal(signal.SIGSTOP)
        threading.Event().wait(seconds)
        self.redis.process.send_signal(signal.SIGCONT)

    def enqueue(self, actor: str, *args: Any, delay_ms: int | None = None) -> str:
        """Enqueue a job for an actor; its name (the first argument) is the message's id as well."""
        job = str(args[0])
        message: dramatiq.Message[Any] = dramatiq.Message(QUEUE, actor, args, {}, {}, message_id=job)
        while True:
            try:
                self.enqueue_message(message, delay_ms)
                return job
            except (ConnectionClosed, redis.RedisError):
                threading.Event().wait(0.1)

    def enqueue_message(self, message: dramatiq.Message[Any], delay_ms: int | None) -> None:
        """Enqueue a message."""
        self.broker.enqueue(message, delay=delay_ms)

    # --- what the ledger says

    def lines(self) -> list[tuple[str, str, str]]:
        """The ledger: (pid, event, job)."""
        return [tuple(line.split(" ", 2)) for line in self._ledger.read_text().splitlines()]  # type: ignore[misc]

    def count(self, event: str) -> Counter[str]:
        """How often each job had an event."""
        return Counter(job for _, found, job in self.lines() if found == event)

    def running(self, pid: int) -> set[str]:
        """The jobs a process has started and not finished."""
        started: Counter[str] = Counter()
        for line_pid, event, job in self.lines():
            if line_pid == str(pid):
                started[job] += {"start": 1, "done": -1}.get(event, 0)
        return {job for job, count in started.items() if count > 0}

    def all_running(self) -> set[str]:
        """The jobs that any process has started and not finished."""
        return {job for worker in self.workers for job in self.running(worker.pid)}

    def repeats(self) -> int:
        """How many starts there were beyond one a job."""
        return sum(count - 1 for count in self.count("start").values())

    # --- what Redis says

    def held_by(self, worker: subprocess.Popen[bytes]) -> set[str]:
        """The jobs that a worker holds in Redis: what it runs, has run and not acked, or has fetched."""
        (name,) = (job for pid, event, job in self.lines() if (pid, event) == (str(worker.pid), "ready"))
        held: Any = self.broker.client.hgetall(self.broker.keys(QUEUE).held)
        return {id.decode() for id, receipt in held.items() if receipt.decode().startswith(f"{name} ")}

    def depths(self) -> tuple[int, int]:
        """How many messages wait and how many are held. Raises ConnectionClosed."""
        stats = self.broker.introspection.queue_stats()[QUEUE]
        return stats.ready + stats.delayed, stats.in_flight

    def dead(self) -> set[str]:
        """The jobs in the dead letters."""
        return {letter.redis_id for letter in self.broker.introspection.dead(100_000)}

    # --- waiting

    def wait_done(self, jobs: Iterable[str], seconds: float) -> float:
        """Wait until every job is done at least once; how long that took."""
        wanted = set(jobs)
        return wait_until(lambda: wanted <= self.count("done").keys(), seconds, "all jobs done")

    def wait_at_rest(self, seconds: float) -> float:
        """Wait until nothing is waiting or held; how long that took."""
        return wait_until(lambda: self._depths_or_none() == (0, 0), seconds, "nothing waiting and nothing held")

    def settle(self, seconds: float) -> float:
        """Wait until nothing is waiting or held, or nothing has happened for `seconds`; how long that took."""
        started = changed_at = time.monotonic()
        pause, seen = threading.Event(), 0
        while self._depths_or_none() != (0, 0):
            size = self._ledger.stat().st_size
            changed_at, seen = (changed_at, seen) if size == seen else (time.monotonic(), size)
            if time.monotonic() - changed_at > seconds:
                break
            pause.wait(0.1)
        return time.monotonic() - started

    def _depths_or_none(self) -> tuple[int, int] | None:
        try:
            return self.depths()
        except (ConnectionClosed, redis.RedisError):
            return None


class StockFleet(Fleet):
    """The same workers on Dramatiq's own Redis broker."""

    _options = ("--stock",)

    def connect(self) -> None:
        """Build the stock broker beside the other one, which only lends its client."""
        super().connect()
        self.stock = RedisBroker(url=self.redis.url)
        self.stock.declare_queue(QUEUE)

    def enqueue_message(self, message: dramatiq.Message[Any], delay_ms: int | None) -> None:
        """Enqueue a message."""
        self.stock.enqueue(message, delay=delay_ms)

    def depths(self) -> tuple[int, int]:
        """What waits in the queue and its delayed twin, and what is in any worker's set of ids to ack."""
        client: Any = self.broker.client
        waiting = client.llen(f"dramatiq:{QUEUE}") + client.llen(f"dramatiq:{QUEUE}.DQ")
        return waiting, sum(client.scard(key) for key in client.scan_iter("dramatiq:__acks__.*", count=1000))

    def dead(self) -> set[str]:
        """The ids in the dead letters, which are not those of the jobs."""
        found: Any = self.broker.client.zrange(f"dramatiq:{QUEUE}.XQ", 0, -1)
        return {id.decode() for id in found}
