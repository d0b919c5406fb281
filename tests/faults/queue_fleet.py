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
from typing import Any, Self

import dramatiq
from dramatiq.errors import ConnectionClosed

from shared.broker import CoveyBroker, build_broker
from shared.embedded import EmbeddedServer, start_redis
from tests.faults.queue_worker import QUEUE


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> float:
    """Wait until `condition` holds; how long that took. Raises AssertionError after `seconds`."""
    started, pause = time.monotonic(), threading.Event()
    while not condition():
        if time.monotonic() - started > seconds:
            raise AssertionError(f"not within {seconds} s: {what}")
        pause.wait(0.02)
    return time.monotonic() - started


class Fleet:
    """Workers on one Redis. `port` (of a proxy) is what the workers connect to; the fleet itself connects directly."""

    def __init__(
        self, folder: Path, *, heartbeat_timeout_ms: int = 2_000, threads: int = 4, timeout_seconds: float = 5.0
    ) -> None:
        self.folder = folder
        self.redis: EmbeddedServer = start_redis(folder / "redis")
        self.redis_port = int(self.redis.url.rpartition(":")[2].partition("/")[0])
        self.broker: CoveyBroker = build_broker(self.redis.url, middleware=[], queues=[QUEUE])
        self.workers: list[subprocess.Popen[bytes]] = []
        self.port = self.redis_port
        self.timeout_seconds = timeout_seconds
        self._ledger = folder / "ledger"
        self._ledger.touch()
        self._options = ["--heartbeat-timeout-ms", str(heartbeat_timeout_ms), "--threads", str(threads)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.broker.close()
        self.redis.stop()

    def start(self, count: int = 1) -> list[subprocess.Popen[bytes]]:
        """Start workers and wait until they are ready."""
        url = f"redis://127.0.0.1:{self.port}/0?socket_timeout={self.timeout_seconds}"
        command = [sys.executable, "-m", "tests.faults.queue_worker", url, str(self._ledger), *self._options]
        environment = {**os.environ, "dramatiq_restart_delay": "500"}
        started = [subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) for _ in range(count)]
        self.workers += started
        pids = {str(worker.pid) for worker in started}
        wait_until(lambda: pids <= {pid for pid, event, _ in self.lines() if event == "ready"}, 60, "workers ready")
        return started

    def kill(self, worker: subprocess.Popen[bytes]) -> set[str]:
        """SIGKILL a worker; the jobs it was running."""
        worker.kill()
        worker.wait()
        self.workers.remove(worker)
        return self.running(worker.pid)

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
                self.broker.enqueue(message, delay=delay_ms)
                return job
            except ConnectionClosed:
                threading.Event().wait(0.1)

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

    def wait_done(self, jobs: Iterable[str], seconds: float) -> float:
        """Wait until every job is done at least once; how long that took."""
        wanted = set(jobs)
        return wait_until(lambda: wanted <= self.count("done").keys(), seconds, "all jobs done")

    def wait_at_rest(self, seconds: float) -> float:
        """Wait until nothing is waiting or held; how long that took."""

        def at_rest() -> bool:
            try:
                stats = self.broker.queue_stats()[QUEUE]
            except ConnectionClosed:
                return False
            return stats.ready + stats.delayed + stats.in_flight == 0

        return wait_until(at_rest, seconds, "nothing waiting and nothing held")

    def repeats(self) -> int:
        """How many starts there were beyond one a job."""
        return sum(count - 1 for count in self.count("start").values())
