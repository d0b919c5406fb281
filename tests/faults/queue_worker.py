"""A worker process to be hurt: `python -m tests.faults.queue_worker URL LEDGER ...`.

Its actors write a line before and after their work to the ledger, a file that survives whatever happens to the queue.
With `--stock` they run on Dramatiq's own Redis broker, for comparison.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import threading
from functools import partial
from pathlib import Path

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from shared.broker import CoveyBroker, Deferred, Outcomes, build_broker, start_worker
from shared.broker.broker import LAST_CHANCE_DELAY_MS
from shared.domain.errors import BadJob, NewerJob
from shared.domain.outcomes import decide
from shared.runtime.clock import SystemClock

QUEUE = "work"


class Ledger:
    """Appends lines `pid event job`; each is one write, so lines of several processes do not mix."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(self, event: str, job: str) -> None:
        """Write one line."""
        os.write(self._file, f"{os.getpid()} {event} {job}\n".encode())


def covey_broker(given: argparse.Namespace) -> CoveyBroker:
    """The broker that is tested."""
    policy = partial(decide, unknown_job_seconds=given.unknown_job_ms / 1000)
    return build_broker(
        given.url,
        middleware=[Outcomes(policy, clock=SystemClock())],
        heartbeat_timeout_ms=given.heartbeat_timeout_ms,
        last_chance_delay_ms=given.last_chance_delay_ms,
        unknown_job_ms=given.unknown_job_ms,
    )


def stock_broker(given: argparse.Namespace) -> RedisBroker:
    """Dramatiq's own, as it comes, with the same heartbeat timeout and the same timeouts of its connections."""
    return RedisBroker(url=given.url, heartbeat_timeout=given.heartbeat_timeout_ms)


def main() -> None:
    """Work until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("ledger", type=Path)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--heartbeat-timeout-ms", type=int, default=2_000)
    parser.add_argument("--last-chance-delay-ms", type=int, default=LAST_CHANCE_DELAY_MS)
    parser.add_argument("--unknown-job-ms", type=int, default=3_600_000)
    parser.add_argument("--grace-ms", type=int, default=10_000)
    parser.add_argument("--stock", action="store_true")
    given = parser.parse_args()
    logging.basicConfig(level=logging.CRITICAL)
    ledger = Ledger(given.ledger)
    broker = stock_broker(given) if given.stock else covey_broker(given)

    def work(job: str, ms: int) -> None:
        ledger.note("start", job)
        threading.Event().wait(ms / 1000)
        ledger.note("done", job)

    def defer_once(job: str, ms: int, marker: str) -> None:
        if not Path(marker).exists():
            Path(marker).touch()
            raise Deferred("not yet", delay_ms=ms)
        ledger.note("start", job)
        ledger.note("done", job)

    def end_the_process(job: str) -> None:
        ledger.note("start", job)
        os._exit(9)

    def defer_or_end_the_process(job: str, marker: str) -> None:
        if Path(marker).exists():
            Path(marker).unlink()
            ledger.note("deferred", job)
            raise Deferred("the dead process's grant binds the window", delay_ms=50)
        Path(marker).touch()
        end_the_process(job)

    def refuse(job: str) -> None:
        ledger.note("start", job)
        raise BadJob("version: Input should be 1")

    def leave(job: str) -> None:
        raise NewerJob(f"{job}: tenant: Extra inputs are not permitted", wait_seconds=1.0)

    for function in (leave, work, defer_once, end_the_process, defer_or_end_the_process, refuse):
        dramatiq.actor(function, broker=broker, queue_name=QUEUE, actor_name=function.__name__)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    if isinstance(broker, CoveyBroker):
        worker = start_worker(broker, queues=[QUEUE], threads=given.threads)
    else:
        worker = dramatiq.Worker(broker, worker_threads=given.threads)
        worker.start()
    ledger.note("ready", broker.broker_id)
    stop.wait()
    worker.stop(timeout=given.grace_ms)
    ledger.note("stopped", "-")


if __name__ == "__main__":
    main()
