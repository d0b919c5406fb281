"""What is a gap: an interval of a stream that was asked for and could not be read. Pure.

Decides for which reasons there are gaps, and where each begins and ends. It records nothing.
Invariant: what the stream had covered before is no gap, and a gap has a length.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain import snowflake
from shared.domain.coverage.sweeps import Sweep, SweepStatus


class GapReason(StrEnum):
    """Why an interval could not be read: the closed list. Values appear in MongoDB and in metrics."""

    BEYOND_SEARCH_WINDOW = "beyond_search_window"  # older than X searches back; only an archive could fill it
    PAGING_STUCK = "paging_stuck"  # X's pages led nowhere; a later search may fill it, within X's seven days
    POSTS_WITHHELD = "posts_withheld"  # X announced posts and never gave them; a later search may fill it


@dataclass(frozen=True, slots=True)
class Gap:
    """An interval that could not be read."""

    from_at: datetime
    to_at: datetime
    reason: GapReason


def start_later(sweep: Sweep, oldest_since_id: int, *, ahead: timedelta) -> tuple[Sweep, Gap] | None:
    """The sweep from as far back as X can still search, `ahead` of the id that X proposes; what lies before is a gap.

    Past the first page X's token belongs to the old request: what is left is asked for below the oldest post seen, and
    where that lies before the new begin nothing is left. None when X proposes nothing younger than was asked for.
    """
    oldest_at = snowflake.created_at(oldest_since_id) + ahead
    since_id = max(oldest_since_id, snowflake.first_id_at(oldest_at))
    if since_id <= sweep.since_id:
        return None
    later = replace(sweep, since_id=since_id, next_token=None)
    if sweep.oldest_id is not None:
        is_read = sweep.oldest_id <= since_id + 1
        later = replace(later, until_id=sweep.oldest_id, status=SweepStatus.COMPLETE if is_read else sweep.status)
    return later, Gap(_begin(sweep), oldest_at, GapReason.BEYOND_SEARCH_WINDOW)


def pass_over(before: Sweep, after: Sweep) -> tuple[Sweep, Gap]:
    """Go on without what X withholds of a page: from the last page's end down to the oldest post of this one is a gap.

    What is asked for next lies right below that post, wherever X's token would lead; after the last page, or one with
    nothing older, the gap reaches down to the sweep's begin.
    """
    to_at = after.through_at or before.started_at
    if before.oldest_id is not None:
        to_at = snowflake.created_at(before.oldest_id)
    if after.status is SweepStatus.OPEN and after.oldest_id is not None and after.oldest_id != before.oldest_id:
        from_at = snowflake.created_at(after.oldest_id)
        below = replace(after, next_token=None, until_id=after.oldest_id)
        return below, Gap(from_at, to_at, GapReason.POSTS_WITHHELD)
    return after, Gap(_begin(before), to_at, GapReason.POSTS_WITHHELD)


def left_by_paging(sweep: Sweep) -> Gap | None:
    """What a complete sweep left unread because paging led nowhere; None when it was read whole."""
    if not sweep.stuck:
        return None
    to_at = sweep.ends_at if sweep.oldest_id is None else snowflake.created_at(sweep.oldest_id)
    return Gap(_begin(sweep), to_at, GapReason.PAGING_STUCK)


def less_covered(gap: Gap, covered_through: datetime) -> Gap | None:
    """The part of a gap that the stream had not covered before; None when nothing is left."""
    rest = replace(gap, from_at=max(gap.from_at, covered_through))
    return rest if rest.from_at < rest.to_at else None


def _begin(sweep: Sweep) -> datetime:
    """Where a sweep begins in time."""
    return snowflake.created_at(sweep.since_id)
