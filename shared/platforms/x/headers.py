"""What the headers of an answer say of limits and of X's own time.

Pure. X's `Date` is the clock that its resets are measured by, so a wait is right however wrong our clock is by some
minutes. Where the two are more than an hour apart one of them is broken, and ours counts: the books, the coverage and
every wait go by it. A reset that no window of X can have is replaced by the end of a quarter of an hour, or of a day.
Invariant: a header that is missing or is no number is None, never a guess; a reset is never further off than its window
is long.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from shared.domain.models import RateHeaders

WINDOW_SECONDS = 900
DAY_SECONDS = 86_400
# Further apart than clocks that somebody looks after ever are, and than any time zone.
MAX_CLOCK_DIFFERENCE_SECONDS = 3_600.0
# What a reset may be past, or beyond the length of its window, between two clocks of X.
_TOLERANCE_SECONDS = 60
# The year 5138 in seconds: what is greater is written in a smaller unit.
_NO_SECONDS = 10**11
_APP_DAY = "x-app-limit-24hour-"
_USER_DAY = "x-user-limit-24hour-"


def said_seconds(headers: Mapping[str, str]) -> float | None:
    """X's own `Date` in epoch seconds, believable or not; None where there is none."""
    return _date_seconds({name.lower(): value for name, value in headers.items()}.get("date"))


def rate_headers(headers: Mapping[str, str], now_seconds: float) -> RateHeaders:
    """Read the limits of an answer. `headers` may be in any case; now_seconds: our clock, in epoch seconds."""
    lower = {name.lower(): value for name, value in headers.items()}
    day = _tighter_day(lower)
    said = _date_seconds(lower.get("date"))
    date = said if said is None or not _is_far(said - now_seconds) else now_seconds
    measured = now_seconds if date is None else date
    return RateHeaders(
        limit=_count(lower, "x-rate-limit-limit"),
        remaining=_count(lower, "x-rate-limit-remaining"),
        reset_at_seconds=_reset(lower, "x-rate-limit-reset", measured, WINDOW_SECONDS),
        date_seconds=date,
        day_limit=_count(lower, f"{day}limit"),
        day_remaining=_count(lower, f"{day}remaining"),
        day_reset_at_seconds=_reset(lower, f"{day}reset", measured, DAY_SECONDS),
    )


def clock_difference_seconds(headers: Mapping[str, str], now_seconds: float) -> float | None:
    """How far X's `Date` is ahead of our clock, where that is too far to be believed; None where it is not."""
    said = _date_seconds(next((value for name, value in headers.items() if name.lower() == "date"), None))
    return said - now_seconds if said is not None and _is_far(said - now_seconds) else None


def _is_far(difference_seconds: float) -> bool:
    return abs(difference_seconds) > MAX_CLOCK_DIFFERENCE_SECONDS


def _tighter_day(headers: Mapping[str, str]) -> str:
    """The 24-hour cap that ends first: an answer may carry the app's and the user's."""
    app, user = _count(headers, f"{_APP_DAY}remaining"), _count(headers, f"{_USER_DAY}remaining")
    return _USER_DAY if user is not None and (app is None or user < app) else _APP_DAY


def _reset(headers: Mapping[str, str], name: str, now_seconds: float, length_seconds: int) -> int | None:
    """The reset of a window of that length; one that no such window has is placed by the clock."""
    reset = _count(headers, name)
    while reset is not None and reset > _NO_SECONDS:
        reset //= 1_000
    if reset is None or -_TOLERANCE_SECONDS <= reset - now_seconds <= length_seconds + _TOLERANCE_SECONDS:
        return reset
    # The same for all answers of a period, so that it opens one window and not one with each answer.
    return (int(now_seconds) // length_seconds + 1) * length_seconds


def _count(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _date_seconds(text: str | None) -> float | None:
    """Epoch seconds of an HTTP date (RFC 9110, section 5.6.7); always UTC."""
    try:
        moment = parsedate_to_datetime(text or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
