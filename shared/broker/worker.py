"""Starts Dramatiq's worker inside this process, with the settings that this broker was measured with."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable
from queue import PriorityQueue
from typing import Any

from dramatiq import Worker

from shared.broker.broker import CoveyBroker

# How often an idle thread looks whether it should stop. Dramatiq's default of 1 s is added to every shutdown.
THREAD_WAKE_MS = 250


class UrgentFirst(PriorityQueue[Any]):
    """The fetched messages that wait for a thread: those of urgent queues first, each class in order of arrival.

    Dramatiq orders by the actor's priority, but one actor may serve an urgent queue and another one.
    """

    def __init__(self, urgent: Collection[str]) -> None:
        super().__init__()
        self._urgent = frozenset(urgent)

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Add an item of Dramatiq's worker."""
        priority = 0 if item.message.queue_name in self._urgent else 1
        super().put(dataclasses.replace(item, priority=priority), block, timeout)


def start_worker(broker: CoveyBroker, *, queues: Iterable[str], threads: int, urgent: Collection[str] = ()) -> Worker:
    """Run `threads` threads on `queues`; the caller keeps the process alive and calls `stop(timeout=ms)` at its end.

    One worker a process. Messages of the `urgent` queues go before all others fetched by this process. The prefetch is
    the number of threads, and the consumers add what these end within a moment: a message that waits longer in a busy
    process could be running in an idle one, and is blamed for the crash if this one is killed.
    """
    broker.emit_after("process_boot")  # starts the timer of TimeLimit; Dramatiq's command line would have done it
    worker = Worker(broker, queues=set(queues), worker_threads=threads, worker_timeout=THREAD_WAKE_MS)
    worker.queue_prefetch = threads
    worker.work_queue = UrgentFirst(urgent)
    worker.start()
    return worker
