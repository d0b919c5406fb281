"""Dramatiq's own RedisBroker with its defaults."""

from __future__ import annotations

import threading
from collections.abc import Callable

import dramatiq
from dramatiq.brokers.redis import RedisBroker

THREADS = 8


def broker_of(url: str, done: Callable[[], None]) -> tuple[RedisBroker, dramatiq.Actor[[int], None]]:
    """The stock broker, default middleware, with a no-op actor."""
    broker = RedisBroker(url=url)

    def noop(_number: int) -> None:
        done()

    decorate = dramatiq.actor(broker=broker, queue_name="bench")
    return broker, decorate(noop)


def enqueue(url: str, count: int) -> None:
    """Send `count` jobs, one at a time."""
    _, noop = broker_of(url, lambda: None)
    for number in range(count):
        noop.send(number)


def work(url: str, done: Callable[[], None]) -> None:
    """Work until the process is ended."""
    broker, _ = broker_of(url, done)
    broker.emit_after("process_boot")
    dramatiq.Worker(broker, worker_threads=THREADS).start()
    threading.Event().wait()
