"""What the headers of an answer say of limits and of X's own time.

Pure. X's `Date` is the only clock that its resets are measured by, so a wait is right however wrong our clock is.
Invariant: a header that is missing or is no number is None, never a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from shared.domain.models import RateHeaders

_APP_DAY = "x-app-limit-24hour-"
_USER_DAY = "x-user-limit-24hour-"


def rate_headers(headers: Mapping[str, str]) -> RateHeaders:
    """Read the limits of an answer. `headers` may be in any case."""
    lower = {name.lower(): value for name, value in headers.items()}
    day = _tighter_day(lower)
    return RateHeaders(
        limit=_count(lower, "x-rate-limit-limit"),
        remaining=_count(lower, "x-rate-limit-remaining"),
        reset_at_seconds=_count(lower, "x-rate-limit-reset"),
        date_seconds=_date_seconds(lower.get("date")),
        day_limit=_count(lower, f"{day}limit"),
        day_remaining=_count(lower, f"{day}remaining"),
        day_reset_at_seconds=_count(lower, f"{day}reset"),
    )


def _tighter_day(headers: Mapping[str, str]) -> str:
    """The 24-hour cap that ends first: an answer may carry the app's and the user's."""
    app, user = _count(headers, f"{_APP_DAY}remaining"), _count(headers, f"{_USER_DAY}remaining")
    return _USER_DAY if user is not None and (app is None or user < app) else _APP_DAY


def _count(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _date_seconds(text: str | None) -> float | None:
    """Epoch seconds of an HTTP date (RFC 9110, section 5.6.7); always UTC."""
    try:
        moment = parsedate_to_datetime(text or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
