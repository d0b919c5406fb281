"""Slots that are due now, and what they lead to."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from scheduler.planner import BACKFILL, Planner
from shared.domain.jobs import Job, SearchPage
from shared.domain.money.source_shares import ShareStanding
from shared.services.bootstrap import Services
from shared.stores.schedules import Schedule, Slot
from tests.workers.world import read_to_end

MINUTE = timedelta(minutes=1)
Shares = Callable[[], Collection[ShareStanding]]


def plan(
    services: Services, kind: str, subject: str = "", *, now: datetime | None = None, shares: Shares = tuple
) -> list[tuple[Job, str | None]]:
    """The jobs of a slot that is due now. shares: as the treasurer knows them."""
    now = now or services.clock.now()
    slot = Slot(Schedule(f"{kind}:{subject}", kind, subject, MINUTE, now, 0), now)
    return Planner(services, shares=shares).plan(slot, now)


def fill_gaps(services: Services) -> None:
    """Read every gap that some route reaches."""
    while jobs := plan(services, BACKFILL):
        for job, _ in jobs:
            assert isinstance(job, SearchPage)
            read_to_end(services, job.sweep_id)
