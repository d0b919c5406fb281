"""Covey's broker with all the middleware of a worker in production."""

from __future__ import annotations

import threading
from collections.abc import Callable

import dramatiq
from dramatiq.middleware import TimeLimit

from shared.broker import CoveyBroker, Outcomes, build_broker, start_worker
from shared.domain.errors import CoveyError
from shared.domain.outcomes import decide
from shared.runtime import log
from shared.runtime.clock import SystemClock
from workers.middleware.telemetry import Telemetry, tell_outcome

THREADS = 8


def broker_of(url: str, done: Callable[[], None]) -> tuple[CoveyBroker, dramatiq.Actor[[int], None]]:
    """The broker as `workers.main` builds it, with a no-op actor."""
    log.configure(level="info", form="json", process="bench")
    clock = SystemClock()
    middleware = [Telemetry(clock), TimeLimit(), Outcomes(decide, clock=clock, on_outcome=tell_outcome)]
    broker = build_broker(url, middleware=middleware)

    def noop(_number: int) -> None:
        done()

    decorate = dramatiq.actor(broker=broker, queue_name="bench", time_limit=60_000, throws=(CoveyError,))
    return broker, decorate(noop)


def enqueue(url: str, count: int) -> None:
    """Send `count` jobs, one at a time."""
    _, noop = broker_of(url, lambda: None)
    for number in range(count):
        noop.send(number)


def work(url: str, done: Callable[[], None]) -> None:
    """Work until the process is ended."""
    broker, _ = broker_of(url, done)
    start_worker(broker, queues=["bench"], threads=THREADS)
    threading.Event().wait()
