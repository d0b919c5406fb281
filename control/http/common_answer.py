"""What costs the servers something and is the same for everybody who asks: made once, for all of them.

    nothing --first caller--> being made (who comes meanwhile waits for it) --> kept --too old--> nothing

What is kept is younger than LEAST_SECONDS, or than TIMES_COST times what it took to make where that is longer: however
many ask, and however much there is to count, making it takes a small part of the time. An error is told to those who
waited for the same try, and kept for nobody else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, Generic, TypeVar

T = TypeVar("T")
LEAST_SECONDS: Final = 5.0
TIMES_COST: Final = 10
MOST_SECONDS: Final = 60.0


class CommonAnswer(Generic[T]):
    """Keeps one answer in this process. make: makes it. ticks: seconds of a clock that only goes forward."""

    def __init__(self, make: Callable[[], T], ticks: Callable[[], float] = time.monotonic) -> None:
        self._make = make
        self._ticks = ticks
        self._lock = threading.Lock()
        self._kept: Future[T] | None = None
        self._until = 0.0

    def get(self) -> T:
        """The answer. Raises what making it raises."""
        with self._lock:
            kept = self._kept
            if kept is None or (kept.done() and self._ticks() >= self._until):
                kept = self._kept = mine = Future[T]()
            else:
                mine = None
        if mine is not None:
            self._fill(mine)
        return kept.result()

    def forget(self) -> None:
        """Make it anew for whoever asks next, because what it tells was changed."""
        with self._lock:
            self._kept = None

    def _fill(self, mine: Future[T]) -> None:
        began = self._ticks()
        try:
            made = self._make()
        except BaseException as error:  # noqa: BLE001  # is raised again, by whoever waits for it
            with self._lock:
                self._kept = None if self._kept is mine else self._kept
            mine.set_exception(error)
            return
        ended = self._ticks()
        with self._lock:
            if self._kept is mine:
                self._until = ended + min(MOST_SECONDS, max(LEAST_SECONDS, TIMES_COST * (ended - began)))
        mine.set_result(made)
