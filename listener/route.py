"""One route of live events: who listens to it, what is asked for, and the connection.

    standby --lease--> in step --connect--> heard --breaks--> wait by the rule --> connect ...
       ^                  ^                    |                                      |
       |                  '---- no money: only what is free, or nothing, until there is room
       '---------------- lease lost, paused, stopped: the connection is ended at once

Three threads work on a route: one that listens, one that keeps what is asked for in step, and the keeper of the leases
(of all routes). Invariant: without the lease nobody connects; nothing that is heard is taken for coverage.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from listener.hearing import bought_by, heed, tell
from listener.in_step import CLASS, Stood
from listener.series import NO_MONEY
from listener.span import Span
from listener.wanting import WantedLive, wanted_live
from shared.domain.attribution import Audience
from shared.domain.errors import CoveyError, NoAnswer, NotGranted, NotNow, StoreUnavailable, Throttled
from shared.domain.live.reconnecting import Break, Reconnect
from shared.domain.money.prices import Amounts, PriceKind
from shared.platforms.x.endpoints import Endpoint
from shared.platforms.x.events import read_line
from shared.platforms.x.stream_gateway import StreamGateway
from shared.platforms.x.streaming import Connection
from shared.ratelimit.model import BUDGETS, BlockScope
from shared.redis.lease import Lease
from shared.runtime import metrics
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services

log = get_logger(__name__)

LOOK_SECONDS: Final = 0.2
# Nothing is asked for in step while X or a server is away: it is tried again this soon.
AGAIN_SECONDS: Final = 5.0
# A connection that lived so long is no part of a row of breaks any more.
LIVED_SECONDS: Final = 5.0
# How often, and how long apart, events are stored again while MongoDB is away.
STORE_TRIES: Final = 30
STORE_PAUSE_SECONDS: Final = 1.0
_NO_MONEY = BUDGETS | {BlockScope.PAID}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a route is: its name, where it is read, with which parameters, how it is brought in step, and whether some
    of it is free."""

    name: str
    endpoint: Endpoint
    parameters: Mapping[str, str]
    in_step: Callable[[Services, WantedLive], Stood]
    has_free: bool


class LiveRoute:
    """One route in one process."""

    def __init__(
        self, services: Services, streams: StreamGateway, asked: Asked, lease: Lease, stop: threading.Event
    ) -> None:
        self._services, self._streams, self._asked, self._stop = services, streams, asked, stop
        self.lease = lease
        self.name = asked.name
        self._wake, self._in_step = threading.Event(), threading.Event()
        self._paused = False
        self._with_paid = True
        self._stood = Stood(0, 0)
        self._audience = Audience()
        self._rule = Reconnect()
        self._connection: Connection | None = None
        self._deaf_since = time.monotonic()
        metrics.LIVE_CONNECTED.labels(self.name).set(0)
        metrics.LIVE_BROKEN_SECONDS.labels(self.name).set_function(self._broken_seconds)

    # -- from outside

    @property
    def is_connected(self) -> bool:
        """Whether it is heard now."""
        return self._connection is not None

    def keep(self) -> None:
        """Renew the lease or try to take it; without it the connection ends."""
        before = self.lease.held
        if self.lease.hold() == before:
            return
        log.info("route is ours" if self.lease.held else "route is another's", route=self.name)
        self._deaf_since = time.monotonic()
        self.look_again()
        if before:
            self.interrupt()

    def pause(self, paused: bool) -> None:
        """Listen to nothing while it is paused."""
        self._paused = paused
        if paused:
            self.interrupt()

    def look_again(self) -> None:
        """Bring in step soon."""
        self._in_step.clear()
        self._wake.set()

    def interrupt(self) -> None:
        """End the connection, if there is one."""
        if (connection := self._connection) is not None:
            connection.interrupt()

    # -- in step

    def keep_in_step(self) -> None:
        """Bring in step what is asked for, again and again, while the lease is held."""
        while not self._stop.is_set():
            if self.lease.held and not self._paused:
                self._bring_in_step()
            is_done = self._in_step.is_set() and self._stood.is_done
            self._wake.wait(self._services.settings.live_reconcile_seconds if is_done else AGAIN_SECONDS)
            self._wake.clear()

    def _bring_in_step(self) -> None:
        try:
            if not self._with_paid:
                self._with_paid = self._streams.has_room(CLASS, self._asked.endpoint)
            wanted = wanted_live(self._services, with_paid=self._with_paid)
            self._audience = wanted.audience
            self._stood = self._asked.in_step(self._services, wanted)
        except CoveyError as error:
            log.warning("live route not in step", route=self.name, reason=str(error), like=self.name)
            return
        metrics.LIVE_STANDING.labels(self.name).set(self._stood.standing)
        metrics.LIVE_UNFIT.labels(self.name).set(self._stood.unfit)
        self._in_step.set()

    # -- listening

    def listen(self) -> None:
        """Connect, hear, and connect again by the rule, until the end."""
        while not self._stop.is_set():
            wait_seconds = self._listen_once() if self._may_connect() else LOOK_SECONDS
            self._stop.wait(wait_seconds)

    def _may_connect(self) -> bool:
        is_asked_for = self._in_step.is_set() and self._stood.standing > 0
        return self.lease.held and not self._paused and is_asked_for and (self._with_paid or self._asked.has_free)

    def _listen_once(self) -> float:
        """One connection, from its beginning to its end; answers how long to wait after it."""
        try:
            connection = self._connect()
        except NotNow as error:
            return self._not_now(error)
        except CoveyError as error:
            return self._broke(Break.NETWORK if isinstance(error, NoAnswer) else Break.HTTP, str(error))
        opened_at = time.monotonic()
        why = self._hear(connection)
        if time.monotonic() - opened_at >= LIVED_SECONDS:
            self._rule = Reconnect()
        if why is None:
            return LOOK_SECONDS
        return self._broke(Break.NETWORK, why)

    def _connect(self) -> Connection:
        most = Amounts({PriceKind.POST: 1} if self._with_paid else {})
        return self._streams.connect(CLASS, self._asked.endpoint, self._asked.parameters, most=most)

    def _not_now(self, error: NotNow) -> float:
        if isinstance(error, NotGranted) and error.blocked_by in _NO_MONEY:
            self._without_money()
            return LOOK_SECONDS
        if isinstance(error, Throttled):
            return max(self._broke(Break.THROTTLED, str(error)), error.wait_seconds)
        return max(LOOK_SECONDS, error.wait_seconds)

    def _broke(self, how: Break, why: str) -> float:
        self._rule = self._rule.after(how)
        metrics.LIVE_BREAKS.labels(self.name, how.value).inc()
        wait_seconds = self._rule.wait_seconds
        log.warning("stream broke", route=self.name, reason=why, again_in_seconds=wait_seconds)
        return wait_seconds

    def _without_money(self) -> None:
        """Ask for what is free only, until there is room again."""
        metrics.LIVE_BREAKS.labels(self.name, NO_MONEY).inc()
        log.warning("no money for live posts", route=self.name)
        self._with_paid = False
        self.look_again()

    def _hear(self, connection: Connection) -> str | None:
        """Hear until it breaks; answers why, None where it was ended by us."""
        span = Span(self._services, self.name)
        self._connection = connection
        metrics.LIVE_CONNECTED.labels(self.name).set(1)
        log.info("stream connected", route=self.name)
        why: str | None = None
        try:
            for lines in connection.lines():
                span.seen(len(lines))
                if lines and not self._take(connection, lines):
                    break
                if not (self.lease.held and self._may_connect()) or self._stop.is_set():
                    break
        except NoAnswer as error:
            ended_by_us = self._stop.is_set() or self._paused or not self.lease.held
            why = None if ended_by_us else error.reason
        except StoreUnavailable as error:
            why = str(error)
        finally:
            self._connection = None
            self._deaf_since = time.monotonic()
            metrics.LIVE_CONNECTED.labels(self.name).set(0)
            connection.close()
            span.end(why or "left", broke=why is not None)
        return why

    def _take(self, connection: Connection, lines: list[bytes]) -> bool:
        """Heed what the lines say; whether there is money to go on. Raises StoreUnavailable."""
        events = [read_line(self._asked.endpoint.key, line) for line in lines]
        tell(self.name, events)
        posts, updates = bought_by(events)
        has_room = not (posts or updates) or self._pay(connection, posts, updates)
        for tries_left in range(STORE_TRIES, -1, -1):
            try:
                heed(self._services, self.name, events, audience=self._audience)
                break
            except StoreUnavailable:
                if not tries_left or self._stop.wait(STORE_PAUSE_SECONDS):
                    raise
        if not has_room:
            self._without_money()
        return has_room

    def _pay(self, connection: Connection, post_ids: set[int], updates: int) -> bool:
        return self._streams.pay(CLASS, connection.endpoint, connection.credential, post_ids=post_ids, updates=updates)

    def _broken_seconds(self) -> float:
        is_due = self.lease.held and not self._paused and (self._stood.standing > 0 or not self._in_step.is_set())
        is_deaf = is_due and self._connection is None and (self._with_paid or self._asked.has_free)
        return time.monotonic() - self._deaf_since if is_deaf else 0.0
