"""Starts Dramatiq's worker inside this process, with the settings that this broker was measured with."""

from __future__ import annotations

from collections.abc import Iterable

from dramatiq import Worker

from shared.broker.broker import CoveyBroker


def start_worker(broker: CoveyBroker, *, queues: Iterable[str], threads: int) -> Worker:
    """Run `threads` threads on `queues`; the caller keeps the process alive and calls `stop(timeout=ms)` at its end.

    One worker a process. The prefetch of a queue is the number of threads: a message that waits in the memory of a busy
    process could be running in an idle one, is repeated if the process is killed, and is blamed for the crash.
    """
    broker.emit_after("process_boot")  # starts the timer of TimeLimit; Dramatiq's command line would have done it
    worker = Worker(broker, queues=set(queues), worker_threads=threads)
    worker.queue_prefetch = threads
    worker.start()
    return worker
