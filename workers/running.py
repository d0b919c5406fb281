"""What this worker process works on now, and how much it has ended of late.

Owns a middleware that watches jobs begin and end; changes nothing. Thread-safe.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dramatiq import Middleware
from dramatiq.broker import Broker, MessageProxy

from shared.runtime.clock import Clock
from shared.services.job_words import subject_of

_WINDOW_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Running:
    """One job on one thread. began: by `time.monotonic`."""

    thread_id: int
    message_id: str
    job: str
    queue: str
    subject: str
    since: datetime
    began: float


class RunningJobs(Middleware):
    """The jobs of all threads of this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._running: dict[int, Running] = {}
        # (second, how many ended in it, by queue), the newest last.
        self._ended: deque[tuple[int, Counter[str]]] = deque(maxlen=_WINDOW_SECONDS)

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        """A thread begins."""
        thread_id = threading.get_ident()
        running = Running(
            thread_id=thread_id,
            message_id=message.message_id,
            job=message.actor_name,
            queue=message.queue_name,
            subject=subject_of(message.actor_name, message.args),
            since=self._clock.now(),
            began=time.monotonic(),
        )
        with self._lock:
            self._running[thread_id] = running

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """It is done, however it ended."""
        second = int(time.monotonic())
        with self._lock:
            self._running.pop(threading.get_ident(), None)
            if not self._ended or self._ended[-1][0] != second:
                self._ended.append((second, Counter()))
            self._ended[-1][1][message.queue_name] += 1

    after_skip_message = after_process_message

    def now(self) -> list[Running]:
        """What runs, the longest first."""
        with self._lock:
            return sorted(self._running.values(), key=lambda one: one.began)

    def ended_a_minute(self) -> dict[str, int]:
        """Jobs that ended within the last minute, by queue."""
        oldest = int(time.monotonic()) - _WINDOW_SECONDS
        with self._lock:
            return dict(sum((count for second, count in self._ended if second >= oldest), Counter()))
