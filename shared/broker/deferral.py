"""Not now: raised in an actor to have the same message again later, without spending an attempt."""

from __future__ import annotations

from dramatiq.errors import Retry

from shared.domain.errors import NotNow


class Deferred(Retry, NotNow):
    """The message has to wait `delay_ms`, for `reason`. Bounded by the message's age, never by a count.

    Dramatiq does not log a Retry as an error, and the outcome policy treats a NotNow as a deferral.
    """

    def __init__(self, reason: str, *, delay_ms: int) -> None:
        Retry.__init__(self, reason, delay=delay_ms)
        self.reason = reason
        self.delay_ms = delay_ms
        self.wait_seconds = delay_ms / 1000
