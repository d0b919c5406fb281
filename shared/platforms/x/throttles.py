"""The four things a 429 can mean, and how long each lasts.

Pure. Waits are measured from X's own `Date` to the reset X names, so the local clock has no part in them.

    body says "usage-capped"                 the project's daily or monthly cap    UsageCapExceeded
    the 24-hour headers have nothing left    the endpoint's 24-hour cap            DailyCapExceeded
    the 15-minute window has room left       the one-per-second rule               BurstExceeded
    anything else                            the 15-minute window                  WindowExceeded

Invariant: a wait is never below a second and never above 31 days, whatever the headers say.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta

from shared.domain.days import midnight
from shared.domain.errors import BurstExceeded, DailyCapExceeded, Throttled, UsageCapExceeded, WindowExceeded
from shared.domain.models import JsonObject, RateHeaders
from shared.platforms.x.body import text
from shared.platforms.x.problems import problem_type
from shared.runtime.clock import epoch_seconds, from_epoch_seconds

MIN_WAIT_SECONDS = 1.0
MAX_WAIT_SECONDS = 31 * 86_400.0
# The one-per-second rule, and a little for the way.
BURST_WAIT_SECONDS = 1.1
# Without a reset nobody knows where in the window X is; a look a minute costs nothing, for a refused call is free.
UNKNOWN_WINDOW_SECONDS = 60.0
# The same for a cap of a day: a quarter of an hour is the least that X counts in.
UNKNOWN_DAY_SECONDS = 900.0
# X does not say when a usage cap ends: a month's does with the calendar month, one of any other period at midnight UTC.
# Without X's date neither can be placed, and it is looked at again this soon.
UNKNOWN_CAP_SECONDS = 3600.0
MONTHLY = "monthly"


def throttled(endpoint: str, problem: JsonObject, rate: RateHeaders) -> Throttled:
    """The error of a 429 with that body (empty where it was no JSON) and those headers."""
    if _is_usage_cap(problem):
        return _usage_cap(endpoint, problem, rate)
    if rate.day_remaining == 0:
        wait, until = _wait(rate.day_reset_at_seconds, rate.date_seconds, UNKNOWN_DAY_SECONDS)
        return DailyCapExceeded(endpoint, "the 24-hour cap is used up", wait_seconds=wait, until=until)
    if rate.remaining is not None and rate.remaining > 0:
        return BurstExceeded(endpoint, "one call a second", wait_seconds=BURST_WAIT_SECONDS)
    wait, until = _wait(rate.reset_at_seconds, rate.date_seconds, UNKNOWN_WINDOW_SECONDS)
    return WindowExceeded(endpoint, "the 15-minute window is used up", wait_seconds=wait, until=until)


def _is_usage_cap(problem: JsonObject) -> bool:
    return problem_type(problem) == "usage-capped" or problem.get("title") == "UsageCapExceeded"


def _usage_cap(endpoint: str, problem: JsonObject, rate: RateHeaders) -> UsageCapExceeded:
    period = (text(problem.get("period")) or "unknown").lower()
    ends = None if rate.date_seconds is None else end_of_period(period, rate.date_seconds)
    wait, until = _wait(ends, rate.date_seconds, UNKNOWN_CAP_SECONDS)
    detail = f"the {period} usage cap of the {text(problem.get('scope')) or 'account'} is used up"
    return UsageCapExceeded(endpoint, detail, period=period, wait_seconds=wait, until=until)


def end_of_period(period: str, now: float) -> float:
    """The first moment of the next UTC month, or day where the period is not a month."""
    today = midnight(from_epoch_seconds(now))
    days = monthrange(today.year, today.month)[1] - today.day + 1 if period == MONTHLY else 1
    return epoch_seconds(today + timedelta(days=days))


def _wait(reset_at: float | None, now: float | None, default: float) -> tuple[float, datetime | None]:
    """How long until the reset, and when that is by X's clock; the default and None where X did not say both."""
    if reset_at is None or now is None:
        return default, None
    wait = min(MAX_WAIT_SECONDS, max(MIN_WAIT_SECONDS, reset_at - now))
    return wait, from_epoch_seconds(now + wait).astimezone(UTC)
