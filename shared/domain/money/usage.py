"""How X's own count of the posts of a day compares with ours. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

# X's promise that an object is billed once a day is a soft one, and its midnight may lie seconds beside ours.
TOLERATED_RATIO: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageCheck:
    """Posts that X counted (`theirs`) and those that the ledger has as bought (`ours`), on one UTC day."""

    day: date
    ours: int
    theirs: int
    checked_at: datetime

    @property
    def difference_ratio(self) -> float:
        """How far the two are apart, as a part of the greater one: 0 = equal, 1 = one of them has nothing."""
        return abs(self.ours - self.theirs) / max(self.ours, self.theirs, 1)

    @property
    def is_far_off(self) -> bool:
        """Whether somebody should look: one of the two counts what the other does not."""
        return self.difference_ratio > TOLERATED_RATIO


def last_whole_day(x_now: datetime, counted: Mapping[date, int]) -> date | None:
    """The day to compare: the one before X's present day; None where X gave no count of it."""
    day = (x_now - timedelta(days=1)).date()
    return day if day in counted else None
