"""The sign of life of one worker process on one queue, and the search for those who stopped giving it.

Dramatiq starts a second consumer for every queue, for messages with a delay (`<queue>.DQ`). Here delayed messages wait
in Redis, so that queue is always empty and its thread is free for this: it has no prefetch that could fill up, runs
while the worker threads finish at shutdown, and is restarted by Dramatiq after a connection error.
Invariant: it yields no message, ever.
"""

from __future__ import annotations

import threading
import time

from dramatiq.broker import Consumer

from shared.broker.context import BrokerContext
from shared.runtime.log import get_logger

MAX_BEAT_SECONDS = 1.0
MAX_RECOVER_SECONDS = 2.5
# Dramatiq asks between two calls whether to stop, so a call is short.
PAUSE_SECONDS = 0.2

_log = get_logger(__name__)


class PulseConsumer(Consumer):
    """Beats, and recovers the messages of dead workers, each at a fixed interval."""

    def __init__(self, context: BrokerContext, queue: str) -> None:
        self._context = context
        self._queue = queue
        self._keys = context.keys(queue)
        self._pause = threading.Event()
        timeout_seconds = context.timings.heartbeat_timeout_ms / 1000
        self._beat_seconds = min(MAX_BEAT_SECONDS, timeout_seconds / 8)
        self._recover_seconds = min(MAX_RECOVER_SECONDS, timeout_seconds / 4)
        self._beat_at = self._recover_at = 0.0

    def __next__(self) -> None:
        """Beat and recover, each when it is time, then pause. Raises ConnectionClosed."""
        now = time.monotonic()
        if now >= self._beat_at:
            self._context.scripts.heartbeat(self._keys, self._context.worker_id)
            self._beat_at = now + self._beat_seconds
        if now >= self._recover_at:
            recover(self._context, self._queue)
            self._recover_at = now + self._recover_seconds
        self._pause.wait(min(PAUSE_SECONDS, self._beat_seconds))


def recover(context: BrokerContext, queue: str) -> int:
    """Give back what dead workers hold of a queue; how many messages. Any process may do it at any time."""
    timings = context.timings
    count = context.scripts.recover(
        context.keys(queue),
        timeout_ms=timings.heartbeat_timeout_ms,
        gap_ms=timings.heartbeat_timeout_ms // 2,
        last_chance_at=timings.poison_after - 1,
        last_chance_delay_ms=timings.last_chance_delay_ms,
    )
    if count:
        _log.warning("messages_of_dead_workers_given_back", queue=queue, count=count)
    return count
