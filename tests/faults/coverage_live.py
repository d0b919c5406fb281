"""The streams of a run of coverage: two listeners, all that ends their connections, and what was told of it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import cycle
from typing import Any

import requests

from control.live import breaks
from listener.hearing import SOURCE
from shared.domain.live.spans import ROUTES
from shared.services.bootstrap import Services
from tests.faults.flock import Process, WholeFlock
from tests.faults.queue_fleet import wait_until

CONNECTED_WITHIN_SECONDS = 90.0
KEPT_SPANS = 4_000
# X says so before it ends a stream; it just ends; it goes silent; the process that listens is killed.
ACTS: Sequence[dict[str, Any]] = (
    {"act": "disconnect"},
    {"act": "disconnect", "by_reset": True},
    {"act": "silence"},
    {},
)


@dataclass(frozen=True, slots=True)
class Live:
    """ended: connections that X ended or let go silent; breaks: times that Covey says nobody heard; heard: events;
    unheard: lines that X sent, and billed, and nobody noted; gone_by_event: posts of whose end a stream told; found:
    stored posts that a stream told first."""

    ended: int
    breaks: int
    heard: int
    unheard: int
    gone_by_event: int
    found: int

    @property
    def passed(self) -> bool:
        """Whether there were breaks, each is told, and something was heard all the same."""
        return 0 < self.ended <= self.breaks and self.heard > 0

    def row(self) -> dict[str, int]:
        """For a report."""
        return asdict(self)


@dataclass
class Listeners:
    """A listener and its standby."""

    flock: WholeFlock
    rng: random.Random
    processes: list[Process] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)
    _acts: Iterator[dict[str, Any]] = field(default_factory=lambda: cycle(ACTS))
    _count: int = 0

    def begin(self) -> None:
        """Start both, and wait until both streams are heard."""
        self.processes += [self._start(), self._start()]
        wait_until(lambda: len(self._living()) == len(ROUTES), CONNECTED_WITHIN_SECONDS, "both streams are heard")

    def hurt(self) -> None:
        """The next thing that goes wrong with streams."""
        if order := next(self._acts):
            self.ended |= self._living()
            answer = requests.post(f"{self.flock.x_url}/_sim/streams", json=order, timeout=10)
            answer.raise_for_status()
            return
        self.flock.kill(self.processes.pop(self.rng.randrange(len(self.processes))))
        self.processes.append(self._start())

    def told(self, services: Services, *, since: datetime, until: datetime) -> Live:
        """What came of it, once nobody listens any more."""
        spans = [span for route in ROUTES for span in services.stores.live.recent(route, limit=KEPT_SPANS)]
        heard, posts = sum(span.events for span in spans), services.stores.db["X_tweets"]
        return Live(
            ended=len(self.ended),
            breaks=len(breaks(services, since=since, until=until)),
            heard=heard,
            unheard=max(0, sum(one["sent"] for one in self._connections()) - heard),
            gone_by_event=posts.count_documents({"gone.by": "event"}),
            found=posts.count_documents({"found_by": SOURCE}),
        )

    def _start(self) -> Process:
        self._count += 1
        return self.flock.listener(instance=f"listener-{self._count}")

    def _living(self) -> set[str]:
        return {one["id"] for one in self._connections() if one["ended_at"] is None}

    def _connections(self) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.flock.x_url}/_sim/streams", timeout=10)
        answer.raise_for_status()
        return list(answer.json()["connections"])
