"""X's own count of what was posted, beside what is stored, hour by hour. Each count costs one request.

Money is in US dollars in what is answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from shared.domain.coverage.gaps import RECENT_REACH
from shared.domain.coverage.subjects import Subject
from shared.domain.models import WorkClass
from shared.domain.money.prices import MICRO
from shared.services import auditing
from shared.services.bootstrap import Services
from shared.services.subjects import subjects
from shared.spending.attribution import gathered
from shared.stores.database import ServerClock


def audit(
    services: Services, words: Sequence[str], *, window: timedelta, until: datetime | None = None
) -> dict[str, Any]:
    """A row for each account and source, or for those that are named, and what asking cost; up to now, or to `until`.

    Raises InputError for what is not followed, and what X or the limiter answers.
    """
    now = ServerClock(services.stores.db).now()
    to_at = min(now, until or now)
    from_at = max(to_at - window, now - RECENT_REACH)
    wanted = subjects(services, words)
    with gathered() as calls:
        rows = [row for one in wanted if (row := _row(services, one, from_at, to_at)) is not None]
    return {"rows": rows, "usd": sum(call.micro_usd for call in calls) / MICRO}


def _row(services: Services, subject: Subject, from_at: datetime, to_at: datetime) -> dict[str, Any] | None:
    """None where no search has read anything of it."""
    found = auditing.audit(services, subject, WorkClass.INTERACTIVE, from_at=from_at, to_at=to_at)
    if found is None or not found.hours:
        return None
    return {
        "subject": subject.shown,
        "member": subject.member,
        "from_at": found.hours[0].from_at,
        "to_at": found.hours[-1].to_at,
        "counted": found.counted,
        "stored": found.stored,
        "gone": found.gone,
        "missing": found.missing,
        "unexplained": found.unexplained,
        "hours": [asdict(hour) for hour in found.hours],
    }
