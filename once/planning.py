"""What is due, once: the schedulers' rules without their clock.

`begin` mends what was left behind and opens the sweeps of all streams that are due. `next` is asked whenever the queues
are empty: readings of quotes, then what is claimed of posts, authors and accounts, until nothing is left of it.
Invariant: everything is claimed as schedulers claim it (compare-and-set, leases), so doing it beside them is no harm.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from scheduler.feeding import Feeding
from scheduler.planner import (
    ACCOUNTS,
    ALERTS,
    AUTHORS,
    COMPLIANCE,
    FILLS,
    MEDIA,
    PLAN,
    PURGE,
    QUOTES,
    REFRESH,
    USAGE,
    Planner,
)
from scheduler.reconciler import Reconciler
from scheduler.searches import Outgoing
from scheduler.treasurer import Treasurer
from shared.domain.engagement.next_reading import Chooser
from shared.domain.errors import CoveyError
from shared.domain.jobs import Queue
from shared.services.bootstrap import Services
from shared.services.following import SEARCH
from shared.stores.database import ServerClock
from shared.stores.schedules import Schedule, Slot

AT_ONCE = timedelta(0)


class Planning:
    """One round's plans. queues: those that are worked on; nothing is planned for others."""

    def __init__(self, services: Services, queues: Collection[str]) -> None:
        self._services = services
        self._clock = ServerClock(services.stores.db)
        self._treasurer = Treasurer(services)
        self._planner = Planner(
            services, held_back=lambda: self._treasurer.held_back, shares=lambda: self._treasurer.shares
        )
        self._reconciler = Reconciler(services)
        self._feeding = Feeding(services)
        self._kinds = {kind for kind, queue in FILLS.items() if queue in queues}
        if Queue.BACKFILL in queues:  # a first reading that goes far back is history, but is due as a search
            self._kinds.add(SEARCH)
        self._began_at = self._clock.now()
        self._posts_due: int | None = None
        self._quotes_chosen = False

    def begin(self) -> int:
        """Mend, and send for what is due by the schedules; answers how many jobs. Raises as the stores and Redis."""
        now = self._began_at
        self._treasurer.run_once(now)
        self._reconciler.rebuild_if_redis_is_new(now)
        self._reconciler.run_once(now)
        told = self._feeding.run_once(now)  # what the round before stored; what this one stores is sent by the next
        feed: Outgoing = [(job, None) for job in told] if MEDIA in self._kinds else []
        due = self._due({SEARCH, USAGE, PURGE, COMPLIANCE})
        return self._send([*due, *self._claim(MEDIA), *self._claim(ALERTS), *feed])

    def next(self) -> int:
        """Send for what can be begun now that the queues are empty; answers how many jobs, 0 at the end. Where the
        planner decides, first the plan of the day is made, stage by stage; group tests that wait for grants hold up
        nothing.
        """
        if sent := self._send(self._claim(PLAN)):
            return sent
        quotes = [] if self._quotes_chosen else self._due({QUOTES})
        self._quotes_chosen = True
        return self._send([*quotes, *self._refresh(), *self._claim(AUTHORS), *self._claim(ACCOUNTS)])

    def end(self) -> None:
        """Store what died, the sums of what was bought, and what happened in the feeds."""
        self._reconciler.collect_dead(self._clock.now())
        self._feeding.run_once(self._clock.now())
        self._treasurer.run_once(self._clock.now())

    def _refresh(self) -> Outgoing:
        """Claim as many posts as were due at the begin, or when the plan was made: what comes due meanwhile is the next
        round's.
        """
        if REFRESH in self._kinds and self._posts_due is None:
            is_planned = self._services.refresh_policy.by is Chooser.PLANNER
            at = self._clock.now() if is_planned else self._began_at
            self._posts_due = self._services.stores.engagement.count_due(now=at)
        if not self._posts_due:
            return []
        jobs = self._claim(REFRESH)
        claimed = sum(len(getattr(job, "post_ids", ())) for job, _ in jobs)
        self._posts_due = self._posts_due - claimed if claimed else 0
        return jobs

    def _due(self, kinds: Collection[str]) -> Outgoing:
        """Claim the slots of these kinds that are due."""
        schedules, now = self._services.stores.schedules, self._clock.now()
        jobs: Outgoing = []
        for schedule in schedules.all():
            if schedule.kind in self._kinds & set(kinds) and _is_due(schedule, self._began_at):
                at = max(now, schedule.next_due_at)
                slot = schedules.claim(schedule, now=at, by=self._services.settings.instance)
                jobs += self._carry_out(slot, now) if slot else []
        return jobs

    def _carry_out(self, slot: Slot, now: datetime) -> Outgoing:
        try:
            return self._planner.plan(slot, now)
        except CoveyError:
            self._services.stores.schedules.give_back(slot)
            raise

    def _claim(self, kind: str) -> Outgoing:
        """What is claimed of documents, whenever that is asked."""
        if kind not in self._kinds:
            return []
        now = self._clock.now()
        return self._planner.plan(Slot(Schedule(f"once:{uuid.uuid4().hex}", kind, "", AT_ONCE, now, 0), now), now)

    def _send(self, jobs: Outgoing) -> int:
        sender = self._services.sender
        queues = {queue for _, queue in jobs}
        return sum(sender.send_all([job for job, to in jobs if to == queue], queue=queue) for queue in queues)


def _is_due(schedule: Schedule, now: datetime) -> bool:
    """Whether its slot has come, or its first one is to come: those of new streams are spread over an interval."""
    return schedule.next_due_at <= now or (schedule.kind == SEARCH and schedule.version == 0)
