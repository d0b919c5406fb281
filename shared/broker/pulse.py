"""The sign of life of one worker process on one queue, and the search for those who stopped giving it.

Dramatiq starts a second consumer for every queue, for messages with a delay (`<queue>.DQ`). Here delayed messages wait
in Redis, so that queue is always empty and its thread is free for this: it has no prefetch that could fill up, runs
while the worker threads finish at shutdown, and is restarted by Dramatiq after a connection error.
Invariant: it yields no message, ever.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from dramatiq.broker import Consumer

from shared.runtime.log import get_logger

if TYPE_CHECKING:
    from shared.broker.broker import CoveyBroker

MAX_BEAT_SECONDS = 1.0
MAX_RECOVER_SECONDS = 2.5
# Dramatiq asks between two calls whether to stop, so a call is short.
PAUSE_SECONDS = 0.2

_log = get_logger(__name__)


class PulseConsumer(Consumer):
    """Beats, and recovers the messages of dead workers, each at a fixed interval."""

    def __init__(self, broker: CoveyBroker, queue: str) -> None:
        self._broker = broker
        self._queue = queue
        self._keys = broker.keys(queue)
        self._pause = threading.Event()
        timeout_seconds = broker.heartbeat_timeout / 1000
        self._beat_seconds = min(MAX_BEAT_SECONDS, timeout_seconds / 8)
        self._recover_seconds = min(MAX_RECOVER_SECONDS, timeout_seconds / 4)
        self._beat_at = self._recover_at = 0.0

    def __next__(self) -> None:
        """Beat and recover, each when it is time, then pause. Raises ConnectionClosed."""
        now = time.monotonic()
        if now >= self._beat_at:
            self._broker.operations.heartbeat(self._keys, self._broker.broker_id)
            self._beat_at = now + self._beat_seconds
        if now >= self._recover_at:
            self._broker.recover(self._queue)
            self._recover_at = now + self._recover_seconds
        self._pause.wait(min(PAUSE_SECONDS, self._beat_seconds))
