"""What recurs, and when it is due next. Prints nothing."""

from __future__ import annotations

from typing import Any

from shared.services.bootstrap import Services
from shared.stores.database import ServerClock


def rows(services: Services, *, kind: str | None = None, start: str | None = None, limit: int) -> list[dict[str, Any]]:
    """Schedules by id, those after `start`: id, kind, subject, interval_seconds, next_due_at, late_seconds."""
    now = ServerClock(services.stores.db).now()
    return [
        {
            "id": one.id,
            "kind": one.kind,
            "subject": one.subject,
            "interval_seconds": one.interval.total_seconds(),
            "next_due_at": one.next_due_at,
            "late_seconds": round(max(0.0, (now - one.next_due_at).total_seconds()), 1),
        }
        for one in services.stores.schedules.page(kind=kind, start=start, limit=limit)
    ]
