"""Slots that are due now, and what they lead to."""

from __future__ import annotations

from datetime import datetime, timedelta

from scheduler.planner import Planner
from shared.domain.jobs import Job
from shared.services.bootstrap import Services
from shared.stores.schedules import Schedule, Slot

MINUTE = timedelta(minutes=1)


def plan(
    services: Services, kind: str, subject: str = "", *, now: datetime | None = None
) -> list[tuple[Job, str | None]]:
    """The jobs of a slot that is due now."""
    now = now or services.clock.now()
    slot = Slot(Schedule(f"{kind}:{subject}", kind, subject, MINUTE, now, 0), now)
    return Planner(services).plan(slot, now)
