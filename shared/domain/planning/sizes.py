"""How large a post is going to be, and what it is expected to grow by. Pure.

Two witnesses speak of the size: the count, by the share of the growth that usually lies behind a post of this age, and
the recent growth, by what a post of size one usually grows in the same time. `Model` weighs them, by the age of the
post at its last reading: when it is untrained, by constants; then by what `fitting` learned.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from shared.domain.planning.growth import left, mean_left
from shared.domain.planning.posts import HOURS_A_DAY, Tracked

# Classes of age at the last reading, in hours: below 2, 8, 30, and older.
CLASS_HOURS: Final = (2.0, 8.0, 30.0)
# Half an act more than was seen: that nobody came yet does not mean that nobody will.
UNSEEN_ACTS: Final = 0.5
# A post is taken to be ten minutes old at least, when it is said how much of its growth lies behind it.
LEAST_PAST: Final = 1 - left(1 / 6)
LEAST_USUAL: Final = 1e-6
UNTRAINED: Final = (0.7, 0.3)

Weights = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Model:
    """Weights of the count and of the recent growth, by class of age. source: what they come from, in words."""

    weights: tuple[Weights, ...] = (UNTRAINED,) * (len(CLASS_HOURS) + 1)
    source: str = "untrained"

    def size(self, post: Tracked) -> float:
        """What the post would grow to if it had begun today as its readings say, in acts."""
        by_count, by_growth = witnesses(post)
        of_count, of_growth = self.weights[age_class(post)]
        return of_count * by_count + of_growth * by_growth


def age_class(post: Tracked) -> int:
    """The class of the post's age at its last reading."""
    return bisect_right(CLASS_HOURS, post.read_age)


def witnesses(post: Tracked) -> tuple[float, float]:
    """The size by the count, and by the recent growth."""
    by_count = (post.acts + UNSEEN_ACTS) / max(1 - post.to_come, LEAST_PAST)
    return by_count, post.rate / max(post.usual, LEAST_USUAL) if post.usual else by_count


def grown_share(post: Tracked, at: float) -> float:
    """What a post of size one grows by from the last reading until `at`."""
    return max(0.0, post.to_come - left(at - post.born_at))


def mean_gap_share(post: Tracked, at: float) -> float:
    """What a post of size one has grown by since the last reading, on the mean of the 24 hours from `at` on."""
    age = max(0.0, at - post.born_at)
    return max(0.0, post.to_come - mean_left(age, age + HOURS_A_DAY))
