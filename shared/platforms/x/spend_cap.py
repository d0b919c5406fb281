"""The refusal of a project that has spent what it may in its month, and when that ends.

Pure. X sends it as a 403 that looks like a missing permission; but it stops every paid call of every credential, until
the `reset_date` that it names or the calendar month's end. Both are measured by X's own `Date`.
Invariant: an end is in the future and no further off than a month; without one it is looked at again as after a 402.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.domain.errors import SpendCapReached
from shared.domain.models import JsonObject, RateHeaders
from shared.platforms.x.body import text
from shared.platforms.x.problems import problem_type
from shared.platforms.x.throttles import MAX_WAIT_SECONDS, MONTHLY, end_of_period
from shared.runtime.clock import epoch_seconds, from_epoch_seconds

_TYPE = "spend-cap-reached"


def is_spend_cap(problem: JsonObject) -> bool:
    """Whether a refusal means it: by its type, or in the older form by its title."""
    title = (text(problem.get("title")) or "").replace(" ", "").lower()
    return problem_type(problem) == _TYPE or title == _TYPE.replace("-", "")


def spend_cap(endpoint: str, detail: str, problem: JsonObject, rate: RateHeaders) -> SpendCapReached:
    """The error of such a refusal."""
    return SpendCapReached(endpoint, detail, reason=_TYPE, until=_until(problem, rate.date_seconds))


def _until(problem: JsonObject, now_seconds: float | None) -> datetime | None:
    """When it ends by X's clock; None where X does not say, or names a moment that is over."""
    if now_seconds is None:
        return None
    now = from_epoch_seconds(now_seconds)
    named = _moment(text(problem.get("reset_date")))
    if named is None:
        return from_epoch_seconds(end_of_period(MONTHLY, now_seconds))
    longest = now + timedelta(seconds=MAX_WAIT_SECONDS)
    return min(named, longest) if epoch_seconds(named) > now_seconds else None


def _moment(written: str | None) -> datetime | None:
    """A date (its first moment) or a time in ISO 8601, in UTC where it names no zone; None for everything else."""
    try:
        found = datetime.fromisoformat(written or "")
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
