"""One request and its answer: how long both may take together, and whether any of the request was written.

Owns the facts that only a connection knows and that only its caller can use. The connection finds them through the
thread that works on the exchange, so nothing has to be passed through the libraries between the two. It opens no
connection itself.
Invariant: `is_sent` is False as long as no byte of the request was handed to the socket; what a proxy was told before
it opened the way is no request.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar


class TimeIsUp(TimeoutError):
    """The exchange has had all its time."""


class Deadline:
    """A moment on the monotonic clock, `seconds` from now."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    def again(self, seconds: float) -> None:
        """Be `seconds` from now instead."""
        self._ends_at = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        """Whether the moment has come."""
        return time.monotonic() >= self._ends_at

    def within(self, seconds: float | None) -> float:
        """What is left, or `seconds` where that is less. Raises TimeIsUp when nothing is left."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeIsUp
        return left if seconds is None else min(left, seconds)


class Exchange(Deadline):
    """One request and its answer. is_sent: whether any of the request was written to the socket. is_refused: whether
    the host has only addresses that may not be connected to. waits_on: the socket that was waited for last."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.is_sent = False
        self.is_refused = False
        self.waits_on: socket.socket | None = None

    def interrupt(self) -> None:
        """End the wait for the socket, and every later one; may be called by another thread."""
        self.again(0)
        if self.waits_on is not None:
            with suppress(OSError):
                socket.socket.shutdown(self.waits_on, socket.SHUT_RDWR)  # not that of TLS, which another thread uses


_current: ContextVar[Exchange] = ContextVar("exchange")


def current_exchange() -> Exchange:
    """What this thread works on now. Raises LookupError outside of any exchange."""
    return _current.get()


@contextmanager
def exchange(seconds: float) -> Iterator[Exchange]:
    """Whatever this thread asks and reads inside is one exchange of at most that many seconds."""
    token = _current.set(started := Exchange(seconds))
    try:
        yield started
    finally:
        _current.reset(token)
