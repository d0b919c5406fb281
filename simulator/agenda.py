"""Owns the time of the world: what will happen when, and how far it has come.

It must not know what happens. Invariant: events happen in the order of their time, those of one instant in the order
in which they were set; `now_ms` never goes back.
"""

import heapq
from collections.abc import Callable

Event = Callable[[], None]


class Agenda:
    """Events to come; times in ms since the Unix epoch."""

    def __init__(self, now_ms: int) -> None:
        """Begin at `now_ms`."""
        self.now_ms = now_ms
        self._events: list[tuple[int, int, Event]] = []
        self._count = 0

    def at(self, at_ms: int, event: Event) -> None:
        """Let an event happen at an instant; one of the past happens at the next `advance`."""
        self._count += 1
        heapq.heappush(self._events, (at_ms, self._count, event))

    def advance(self, now_ms: int) -> None:
        """Let everything happen that is due by `now_ms`; a time in the past changes nothing."""
        while self._events and self._events[0][0] <= now_ms:
            due_ms, _, event = heapq.heappop(self._events)
            self.now_ms = max(self.now_ms, due_ms)
            event()
        self.now_ms = max(self.now_ms, now_ms)
