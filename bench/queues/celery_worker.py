"""celery with its pool of threads, results off."""

from __future__ import annotations

from collections.abc import Callable

from celery import Celery

THREADS = 8
_listeners: list[Callable[[], None]] = []  # the job is found by its name, so who listens is known to the module


def application(url: str) -> Celery:
    """The application with its one task."""
    app = Celery("bench", broker=url)
    app.conf.update(
        task_ignore_result=True,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        task_default_queue="bench",
    )
    app.task(name="noop")(noop)
    return app


def noop(_number: int) -> None:
    """Nothing."""
    for done in _listeners:
        done()


def enqueue(url: str, count: int) -> None:
    """Send `count` jobs, one at a time."""
    task = application(url).tasks["noop"]
    for number in range(count):
        task.delay(number)


def work(url: str, done: Callable[[], None]) -> None:
    """Work until the process is ended."""
    _listeners.append(done)
    worker = application(url).Worker(
        pool="threads", concurrency=THREADS, loglevel="ERROR", quiet=True, without_gossip=True, without_mingle=True
    )
    worker.start()
