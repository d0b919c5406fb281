"""The caps of a round, and the brake: when one is reached no thread of this process begins another job.

Owns the decision to stop. What runs is finished, so a cap is passed by what is under way at most; what was fetched and
not begun is given back by the worker's own end.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from dramatiq import Middleware, Worker
from dramatiq.broker import Broker, MessageProxy

from shared.domain.jobs import ALL_QUEUES
from shared.domain.outcomes import GiveUp, Outcome, Pause
from shared.services.tally import Tally
from workers.middleware.telemetry import OUTCOMES, tell_outcome

MAX_POSTS: Final = "max_posts"
MAX_CALLS: Final = "max_calls"
MAX_SECONDS: Final = "max_seconds"


@dataclass(frozen=True, slots=True)
class Caps:
    """The most that a round may take; None: no end by that. posts: stored for the first time. calls: of X."""

    posts: int | None = None
    calls: int | None = None
    seconds: float | None = None

    def threads(self, wanted: int) -> int:
        """How many threads to work with: no more than the calls that are allowed, so that few pass the cap."""
        return max(1, min(wanted, self.calls or wanted))


class Brake(Middleware):
    """Looks at the caps whenever something is counted. tally: set before the worker starts."""

    def __init__(self, caps: Caps) -> None:
        self.caps = caps
        self.tally = Tally()
        self.outcomes: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self._began = time.monotonic()
        self._worker: Worker | None = None
        self._lock = threading.Lock()

    def reached(self) -> str | None:
        """The cap that is reached; None while there is room."""
        counted, caps = self.tally.counted, self.caps
        if caps.posts is not None and counted.posts >= caps.posts:
            return MAX_POSTS
        if caps.calls is not None and counted.calls >= caps.calls:
            return MAX_CALLS
        seconds = time.monotonic() - self._began
        return MAX_SECONDS if caps.seconds is not None and seconds >= caps.seconds else None

    def count(self, message: MessageProxy, outcome: Outcome) -> None:
        """Tell what became of a job as every worker does, and count it. For `Outcomes(on_outcome=...)`."""
        tell_outcome(message, outcome)
        with self._lock:
            self.outcomes[OUTCOMES[type(outcome)]] += 1
            if isinstance(outcome, GiveUp | Pause):
                self.failures[f"{message.actor_name}: {outcome.reason}"] += 1

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Learn whose threads these are, and look after each post and call that is counted."""
        self._worker = worker
        self.tally.listen = self.look

    def look(self) -> None:
        """Fetch and begin nothing more when a cap is reached; told before the job that reached it sends for more."""
        if self._worker is not None and self.reached() is not None:
            broker: Any = self._worker.broker
            broker.pause(ALL_QUEUES)
            for thread in tuple(self._worker.workers):
                thread.stop()
