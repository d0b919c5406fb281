"""rq: its SimpleWorker, which runs jobs in the process itself; the default one forks at every job and is slower."""

from __future__ import annotations

from collections.abc import Callable

import redis
from rq import Queue, SimpleWorker

_listeners: list[Callable[[], None]] = []  # the job is found by its name, so who listens is known to the module


def noop(_number: int) -> None:
    """Nothing."""
    for done in _listeners:
        done()


def enqueue(url: str, count: int) -> None:
    """Send `count` jobs, one at a time."""
    queue = Queue("bench", connection=redis.Redis.from_url(url))
    for number in range(count):
        queue.enqueue(noop, number)


def work(url: str, done: Callable[[], None]) -> None:
    """Work until the process is ended."""
    _listeners.append(done)
    connection = redis.Redis.from_url(url)
    SimpleWorker([Queue("bench", connection=connection)], connection=connection).work(logging_level="ERROR")
