"""How engagement is followed, by tier: how many posts, which are late, and by how much. Pure.

Counted in the background, so that nobody who asks has to count; as often as it may, for counting takes a small part of
its time: after `LEAST_AGE` at the earliest, and not before `TIMES_COST` times as long as the last count took.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.domain.engagement.tiers import Tier

LEAST_AGE: Final = timedelta(seconds=30)
TIMES_COST: Final = 30
# Older than this it is not told for the present: nobody has counted, such as when no worker runs.
FRESH_FOR: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class TierStanding:
    """followed: posts with a next reading. due: of them those whose time has come; overdue: by more than the interval
    of the tier. claimed: those that a job is about to read, which were due. lag_seconds: how late the latest is.
    """

    followed: int = 0
    due: int = 0
    overdue: int = 0
    claimed: int = 0
    lag_seconds: float = 0.0

    @property
    def stale_ratio(self) -> float:
        """The part of it whose last reading is older than the interval of its tier."""
        return min(1.0, (self.due + self.claimed) / self.followed) if self.followed else 0.0

    def plus(self, other: TierStanding) -> TierStanding:
        """Both together."""
        return TierStanding(
            followed=self.followed + other.followed,
            due=self.due + other.due,
            overdue=self.overdue + other.overdue,
            claimed=self.claimed + other.claimed,
            lag_seconds=max(self.lag_seconds, other.lag_seconds),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A count that began at `at`. unpaid: posts due before the UTC day ends for which X was not paid on it.

    posts: in each tier, those that are read no more too. files: by the state of their download. None: not counted.
    """

    at: datetime
    took_seconds: float
    tiers: Mapping[Tier, TierStanding]
    unpaid: int
    posts: Mapping[str, int] | None = None
    files: Mapping[str, int] | None = None

    @property
    def total(self) -> TierStanding:
        """All tiers together."""
        total = TierStanding()
        for one in self.tiers.values():
            total = total.plus(one)
        return total

    def is_fresh(self, now: datetime) -> bool:
        """Whether it may be told for the present."""
        return now - self.at < FRESH_FOR

    def is_to_be_counted_again(self, now: datetime) -> bool:
        """Whether it is old enough, for what counting costs."""
        return now - self.at >= max(LEAST_AGE, TIMES_COST * timedelta(seconds=self.took_seconds))
