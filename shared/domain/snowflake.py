"""Ids of posts carry their creation time. Compare ids as integers, never as strings.

Layout: milliseconds since 2010-11-04T01:42:54.657Z in the bits above 22 (Twitter, "Announcing Snowflake", 2010).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH_MS = 1_288_834_974_657
TIME_SHIFT = 22
_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC) + EPOCH_MS * _MILLISECOND


def created_at(post_id: int) -> datetime:
    """When the id was made, to the millisecond. Raises OverflowError for ids beyond the year 9999."""
    try:
        return _EPOCH + (post_id >> TIME_SHIFT) * _MILLISECOND
    except OverflowError:
        raise OverflowError(f"the id {post_id} is of a time beyond the year 9999") from None


def first_id_at(moment: datetime) -> int:
    """The smallest id that can be made at `moment` or later."""
    return max(0, (moment - _EPOCH) // _MILLISECOND) << TIME_SHIFT
