"""Many workers on one limiter and one counting X, in simulated time: hours of windows in seconds, and repeatable."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from shared.domain.models import WorkClass
from shared.ratelimit.limiter import Limiter
from shared.ratelimit.model import Block, BlockScope, CallRequest, Grant, Refusal, Settlement
from shared.runtime.clock import ManualClock, epoch_seconds
from tests.shared.ratelimit.counting_x import CountingX


@dataclass
class Simulation:
    """Events in order of time. Calls take 50 to 800 ms, half of it on the way to X."""

    limiter: Limiter
    clock: ManualClock
    x: CountingX
    seed: int = 1
    lost_percent: int = 0
    in_flight: int = 0
    in_flight_at_429: dict[int, list[int]] = field(default_factory=dict)  # by window of X, in order
    refusals: list[tuple[WorkClass, Refusal]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    @property
    def now(self) -> float:
        """Epoch seconds."""
        return epoch_seconds(self.clock.now())

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something later."""
        heapq.heappush(self._events, (self.now + seconds, next(self._order), act))

    def run(self, hours: float) -> None:
        """Let so much time pass."""
        ends = self.clock.now() + timedelta(hours=hours)
        while self._events and self._events[0][0] <= epoch_seconds(ends):
            at, _, act = heapq.heappop(self._events)
            self.clock.advance(max(0.0, at - self.now))
            act()

    def start_workers(self, count: int, work_class: WorkClass) -> None:
        """Workers that call X as often as they may."""
        for _ in range(count):
            self.after(self.rng.uniform(0, 1), lambda: self.ask(work_class, again=True))

    def ask(self, work_class: WorkClass, *, again: bool) -> None:
        """One try; refused work comes back after its wait, like a deferred job."""
        answer = self.limiter.acquire(CallRequest("search", ("app",), work_class))
        if isinstance(answer, Refusal):
            self.refusals.append((work_class, answer))
            self.after(answer.wait_seconds + self.rng.uniform(0, 0.5), lambda: self.ask(work_class, again=again))
            return
        self.in_flight += 1
        self.after(self.rng.uniform(0.025, 0.4), lambda: self._arrive(answer, again=again))

    def _arrive(self, grant: Grant, *, again: bool) -> None:
        rate, is_allowed = self.x.arrive(grant.credential_id, self.now, is_probe=grant.is_probe)
        block = None
        if not is_allowed:
            self.in_flight_at_429.setdefault(self.x.refused[-1].window, []).append(self.in_flight)
            block = Block(BlockScope.ENDPOINT_WINDOW, "429", until_seconds=rate.reset_at_seconds)
        settlement = Settlement(answered=True, status=200 if is_allowed else 429, rate=rate, block=block)
        self.after(self.rng.uniform(0.025, 0.4), lambda: self._settle(grant, settlement, again=again))

    def _settle(self, grant: Grant, settlement: Settlement, *, again: bool) -> None:
        self.in_flight -= 1
        if self.rng.randrange(100) >= self.lost_percent:
            self.limiter.settle(grant, settlement)
        if again:
            self.ask(grant.work_class, again=True)
