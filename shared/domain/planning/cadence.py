"""When a post that is owned is read again. It costs nothing but a place in a call. Pure.

While it moves, every ten minutes; as it calms, when it is expected to have grown by `GROWN_ACTS` or by `GROWN_SHARE` of
its count, and at most an hour later. Shortly before midnight all are read once more: the last free reading is where the
next day begins.
"""

from __future__ import annotations

from typing import Final

from shared.domain.planning.posts import HOURS_A_DAY, Tracked, day_of

SHORTEST_HOURS: Final = 1 / 6
LONGEST_HOURS: Final = 1.0
LAST_HOURS: Final = 1 / 6  # before midnight
GROWN_ACTS: Final = 0.1
GROWN_SHARE: Final = 0.0005


def last_reading_at(at: float) -> float:
    """When the last reading of that day is due."""
    return (day_of(at) + 1) * HOURS_A_DAY - LAST_HOURS


def next_reading_at(post: Tracked, at: float) -> float | None:
    """Of a post that was read at `at`; None: not again before it is bought."""
    last_at = last_reading_at(at)
    if at >= last_at or post.is_gone or not post.is_owned(at):
        return None
    return min(at + interval_hours(post), last_at)


def interval_hours(post: Tracked) -> float:
    """Until it has probably moved by what is worth a look."""
    worth = max(GROWN_ACTS, GROWN_SHARE * post.acts)
    if post.rate * LONGEST_HOURS <= worth:
        return LONGEST_HOURS
    return max(worth / post.rate, SHORTEST_HOURS)
