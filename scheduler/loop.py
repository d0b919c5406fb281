"""The loop: each tick claims what is due and sends for it.

A slot is claimed, its work written to MongoDB, its jobs sent. A crash between two of these is made good by the
reconciler; an error before anything was written gives the slot back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from dramatiq.errors import ConnectionClosed

from scheduler.catch_up import CatchUp
from scheduler.exporter import Exporter
from scheduler.leader import Leader
from scheduler.planner import DEAD, FILLS, LEDGER, OPENS_SWEEPS, RECONCILE, Planner
from scheduler.reconciler import Reconciler
from scheduler.treasurer import Treasurer
from shared.domain.errors import CoveyError
from shared.domain.jobs import Job
from shared.runtime import metrics
from shared.runtime.clock import Clock
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services
from shared.stores.schedules import Schedule, Slot
from shared.stores.sweeps import ONE_OPEN

log = get_logger(__name__)

SLOTS_PER_TICK = 200
# Read at once, so that what is on time is seen behind however many late streams.
DUE_LIMIT = 5_000
# Longer than a round that meets every timeout of both servers.
STUCK_AFTER_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Result:
    """What one round did."""

    led: bool
    claimed: int = 0
    sent: int = 0


class Loop:
    """One scheduler. `clock` is MongoDB's: all schedulers claim by the same time."""

    def __init__(self, services: Services, leader: Leader, clock: Clock) -> None:
        self._services = services
        self._leader = leader
        self._clock = clock
        self._treasurer = Treasurer(services)
        self._planner = Planner(
            services,
            held_back=lambda: self._treasurer.held_back,
            paused=lambda: self._paused,
            shares=lambda: self._treasurer.shares,
        )
        self._reconciler = Reconciler(services)
        self._exporter = Exporter(services)
        self._catch_up = CatchUp()
        # Reconciling keeps the schedules, but is one of them: a database that is new has to be given them first.
        self._has_schedules = False
        self._may_open_sweeps = False
        self._paused: Collection[str] = ()
        self._round_at = time.monotonic()
        self._rounds = {
            RECONCILE: self._reconciler.run_once,
            DEAD: self._reconciler.collect_dead,
            LEDGER: self._treasurer.run_once,
        }

    def pause(self, queues: Collection[str]) -> None:
        """Plan nothing for these queues from now on, and for all others."""
        self._paused = frozenset(queues)

    def stuck(self) -> list[str]:
        """Why the rounds do not go on; nothing while they do."""
        silent = time.monotonic() - self._round_at
        return [f"no round for {silent:.0f} s"] if silent > STUCK_AFTER_SECONDS else []

    def run_once(self) -> Result:
        """One round. Errors of the tree, and Redis going away in the middle, end the round, not the loop."""
        if not self._leader.hold():
            return Result(led=False)
        with metrics.TICK_SECONDS.time():
            try:
                return self._round(self._clock.now())
            except (CoveyError, ConnectionClosed) as error:
                log.warning("round cut short", reason=f"{type(error).__name__}: {error}")
                return Result(led=True)

    def run_forever(self, stop: threading.Event) -> None:
        """Rounds until `stop` is set; then the lease is let go."""
        while not stop.is_set():
            result = self.run_once()
            self._round_at = time.monotonic()
            if not result.led or result.claimed < SLOTS_PER_TICK:
                stop.wait(self._services.settings.scheduler_tick_seconds)
        self._leader.resign()

    def export(self) -> None:
        """Set the gauges; every scheduler does, whether it leads or not."""
        self._exporter.ping()  # before MongoDB is asked for the time
        try:
            self._exporter.run_once(self._clock.now())
        except CoveyError as error:
            log.warning("metrics not read", reason=str(error))

    def _round(self, now: datetime) -> Result:
        if self._reconciler.rebuild_if_redis_is_new(now) or not self._has_schedules:
            self._reconciler.keep_schedules(now)
            self._has_schedules = True
        outgoing: list[tuple[Job, str | None]] = []
        claimed = 0
        due = self._without_waiting(self._services.stores.schedules.due(now=now, limit=DUE_LIMIT))
        for schedule in self._catch_up.choose(due, now)[:SLOTS_PER_TICK]:
            slot = self._services.stores.schedules.claim(schedule, now=now, by=self._services.settings.instance)
            if slot is not None:
                claimed += 1
                metrics.CLAIMS.labels(schedule.kind).inc()
                outgoing += self._carry_out(slot, now)
        return Result(led=True, claimed=claimed, sent=self._send(outgoing))

    def _without_waiting(self, due: list[Schedule]) -> list[Schedule]:
        """Those that may be claimed: not what fills a paused queue; and without its index MongoDB would let two sweeps
        of one subject be open.
        """
        if not self._may_open_sweeps:
            missing = self._services.stores.indexes.missing(ONE_OPEN.collection)
            self._may_open_sweeps = ONE_OPEN not in missing
        waits = {kind for kind, queue in FILLS.items() if queue in self._paused}
        waits |= frozenset() if self._may_open_sweeps else OPENS_SWEEPS
        return [schedule for schedule in due if schedule.kind not in waits]

    def _carry_out(self, slot: Slot, now: datetime) -> list[tuple[Job, str | None]]:
        """The jobs of one slot; a slot that fails is given back and does not keep the others away."""
        try:
            if slot.schedule.kind in self._rounds:
                self._rounds[slot.schedule.kind](now)
                return []
            return self._planner.plan(slot, now)
        except (CoveyError, ConnectionClosed) as error:
            reason = f"{type(error).__name__}: {error}"
            log.warning("slot given back", slot=slot.id, reason=reason, like=type(error).__name__)
            self._services.stores.schedules.give_back(slot)
            return []

    def _send(self, outgoing: list[tuple[Job, str | None]]) -> int:
        """Send the round's jobs, one round trip a queue."""
        sent = 0
        for queue in {queue for _, queue in outgoing}:
            sent += self._services.sender.send_all([job for job, wanted in outgoing if wanted == queue], queue=queue)
        return sent
