"""What the commands answer, as JSON."""

from __future__ import annotations

from datetime import date, datetime


def as_json(value: object) -> str:
    """The JSON default for what the commands answer: times and days as ISO 8601 in UTC."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
