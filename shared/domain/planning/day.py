"""The plan of a UTC day, made in parts: what it is made by, and when a post is bought by its place in the order. Pure.

    rank     every part of the posts is counted into a tally, by whoever comes
    place    the sum of all parts says what the money buys; every part finds its posts' places, and dates what is bought
    done     what is due is bought; what is not in the plan is not read today

What the money buys now is due at once, best places first. What is kept for posts that are found during the day is let
go evenly; what the floors of more urgent work hold is due when they give it up, three quarters through the day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from shared.domain.planning.midnight import Purchases, Rules, most_places
from shared.domain.planning.posts import HOURS_A_DAY, day_of
from shared.domain.planning.ranking import Worth
from shared.domain.planning.sizes import Model

# Floors are given up when a quarter of the day is left (`shared.domain.money.classes.RELEASE_LEFT`).
GIVEN_UP_HOURS: Final = 18.0
# Between two places: X takes 3,500 calls of 100 posts in 15 minutes, which is a post in 2.6 ms.
A_PLACE_HOURS: Final = 1 / 3_600_000


class Stage(StrEnum):
    """How far a plan is."""

    RANK = "rank"
    PLACE = "place"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Money:
    """How many posts may be bought: now; in the whole day, when nothing is kept for more urgent work any more; and how
    many of those now are kept for what is found during the day.
    """

    now: int
    whole: int
    kept: int = 0

    def less(self, posts: int) -> Money:
        """What is left where so many are not bought by the plan."""
        return Money(self.now - posts, self.whole - posts, self.kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What all parts of a plan are ranked by. at: when it was begun, in hours since 1970. budgets: as they stood, and
    the share, by their names. already: how many posts were bought that day before it was begun. tests: what group tests
    may spend beside `money`, in posts; suspects: of how many quiet posts each part of the plan tells them.
    """

    at: float
    money: Money
    followed: int
    typical_count: float
    model: Model
    span_days: int
    budgets: Mapping[str, float | None] = field(default_factory=dict)
    already: int = 0
    tests: int = 0
    suspects: int = 0

    @property
    def day(self) -> int:
        """The UTC day it is for."""
        return day_of(self.at)

    @property
    def rules(self) -> Rules:
        """The settings of the planner."""
        return Rules(span_days=self.span_days)

    @property
    def worth(self) -> Worth:
        """How its posts are ranked."""
        return Worth(self.model, self.rules.fairness_for(self.money.whole, self.followed), self.typical_count)


def due_at(place: float | None, basis: Basis, made: Purchases) -> float | None:
    """When a post of that place is bought, in hours since 1970; None: not today. Spare ones are due behind what the
    money buys, for a post that turns out to be gone costs nothing.
    """
    money, day_starts = basis.money, float(basis.day * HOURS_A_DAY)
    if place is None or place >= most_places(money.whole) or (money.whole == 0 and place >= made.must):
        return None
    at_once = money.now - money.kept
    if place < at_once:
        return basis.at + place * A_PLACE_HOURS
    if place < money.now:
        return basis.at + (place - at_once) / money.kept * (day_starts + HOURS_A_DAY - basis.at)
    return max(basis.at, day_starts + GIVEN_UP_HOURS) + place * A_PLACE_HOURS
