"""Ids of posts carry their creation time. Compare ids as integers, never as strings.

Layout: milliseconds since 2010-11-04T01:42:54.657Z in the bits above 22 (Twitter, "Announcing Snowflake", 2010).
"""

from __future__ import annotations

from datetime import UTC, datetime

EPOCH_MS = 1_288_834_974_657
TIME_SHIFT = 22


def created_at(post_id: int) -> datetime:
    """When the id was made, to the millisecond. Raises OverflowError for ids beyond the year 9999."""
    milliseconds = (post_id >> TIME_SHIFT) + EPOCH_MS
    seconds, rest = divmod(milliseconds, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)


def first_id_at(moment: datetime) -> int:
    """The smallest id that can be made at `moment` or later."""
    milliseconds = int(moment.timestamp() * 1000 + 1e-3)
    return max(0, milliseconds - EPOCH_MS) << TIME_SHIFT
