"""UTC days, by which X bills. Pure."""

from __future__ import annotations

from datetime import UTC, datetime


def midnight(moment: datetime) -> datetime:
    """The beginning of the UTC day of an aware time: what X was paid for since, it bills no more until the next."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
