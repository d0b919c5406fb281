"""The span of one connection, as it is written down: seldom, and never in the way of what is heard.

Invariant: one that broke ends with its last sign of life: whether anything was sent after that, nobody can know.
"""

from __future__ import annotations

import time
from typing import Final

from shared.domain.errors import StoreUnavailable
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services

log = get_logger(__name__)
# A crash loses no more than this of the time that a route was heard.
SEEN_EVERY_SECONDS: Final = 5.0


class Span:
    """Begins with its making. While MongoDB is away nothing is written, and the span is as old as its last sign."""

    def __init__(self, services: Services, route: str) -> None:
        self._services = services
        self._events, self._written_at = 0, time.monotonic()
        self._seen_at = services.clock.now()
        self._id: str | None = None
        try:
            self._id = services.stores.live.begin(route, by=services.settings.instance, now=self._seen_at)
        except StoreUnavailable as error:
            log.warning("span of a stream not written", reason=str(error), like=route)

    def seen(self, events: int) -> None:
        """Something came: so many lines, none in a sign of life."""
        self._events += events
        self._seen_at = self._services.clock.now()
        if time.monotonic() - self._written_at >= SEEN_EVERY_SECONDS:
            self._write(why=None)

    def end(self, why: str, *, broke: bool) -> None:
        """It has ended. broke: not by us."""
        if not broke:
            self._seen_at = self._services.clock.now()
        self._write(why=why)

    def _write(self, *, why: str | None) -> None:
        if self._id is None:
            return
        self._written_at, now, store = time.monotonic(), self._seen_at, self._services.stores.live
        try:
            if why is None:
                store.seen(self._id, events=self._events, now=now)
            else:
                store.end(self._id, why=why, events=self._events, now=now)
        except StoreUnavailable as error:
            log.warning("span of a stream not written", reason=str(error), like=self._id)
            return
        self._events = 0
