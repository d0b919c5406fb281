"""Should an account that is silent be looked at by a person? Pure.

How often it posts is the mean time between the posts that are stored of the last month. Were posts made independently
at that rate, a silence of ten such times would happen once in e^10 = 22,000 of them; a day is never long, for people
sleep and rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

LOOKS_BACK = timedelta(days=30)
PERIODS, LEAST = 10, timedelta(days=1)
# Fewer posts than this are no rhythm.
TELLING = 5


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The posts of one account that are stored of LOOKS_BACK: how many, the first and the last."""

    posts: int
    first_at: datetime
    last_at: datetime

    @property
    def period(self) -> timedelta | None:
        """The mean time between two posts; None where there are too few to tell."""
        return (self.last_at - self.first_at) / (self.posts - 1) if self.posts >= TELLING else None

    def is_silent(self, now: datetime) -> bool:
        """Whether it has posted nothing for longer than its rhythm explains."""
        period = self.period
        return period is not None and now - self.last_at > max(LEAST, PERIODS * period)
