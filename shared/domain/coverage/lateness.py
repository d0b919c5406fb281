"""How far behind a stream's coverage the next sweep begins, by how late X was seen to show posts. Pure.

A sweep reads from `margin` before the end of what was covered. Posts that turn up there were late by less than the
margin; those that only the second reading found were later. The share of these decides: too many, and the margin
doubles; hardly any, and it halves. Within one UTC day reading the margin again costs calls but no money.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

# Of the posts found, so many may be left to the second reading: beyond this the margin grows, below a quarter it
# shrinks.
LEFT_TO_SECOND = 0.002
# Fewer posts than this say nothing of a share of two in a thousand.
TELLING = 2_000


@dataclass(frozen=True, slots=True)
class Margins:
    """Between which margins are chosen."""

    least: timedelta = timedelta(seconds=5)
    most: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Seen:
    """Posts found since the margin was last chosen: all, late within the margin, and late beyond it."""

    found: int = 0
    within: int = 0
    beyond: int = 0

    @property
    def late_share(self) -> float:
        """The part that came late."""
        return (self.within + self.beyond) / self.found if self.found else 0.0


def next_margin(margin: timedelta, seen: Seen, limits: Margins) -> timedelta | None:
    """The margin from now on; None while too little was seen to tell."""
    if seen.found < TELLING and seen.beyond < TELLING * LEFT_TO_SECOND * 2:
        return None
    share = seen.beyond / seen.found if seen.found else 1.0
    if share > LEFT_TO_SECOND:
        margin *= 2
    elif share < LEFT_TO_SECOND / 4 and seen.within < seen.found * LEFT_TO_SECOND:
        margin /= 2
    return min(limits.most, max(limits.least, margin))
