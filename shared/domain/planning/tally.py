"""What is there to buy, counted by days left and by worth: so little that a plan of any number of posts fits. Pure.

A post falls into a cell: in how many days it must be read, and the level of its worth, 32 levels to a doubling.
Parts of all posts are counted by themselves, by several processes, and added up; what is bought follows from the sum,
and where a post stands in it from its own cell. Within a cell, which spans 2 % of worth, the order is by the post's id,
mixed, and the same everywhere.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

# With 8 the error of the bench is by a two-hundredth larger: within a cell the order is by chance.
LEVELS_A_DOUBLING: Final = 32
LEAST_WORTH: Final = 2.0**-20
# Fibonacci hashing: 2^64 by the golden ratio spreads numbers that follow one another (Knuth, TAOCP 3, 6.4).
MIXER: Final = 0x9E3779B97F4A7C15
WHOLE: Final = 1 << 64


class Cell(NamedTuple):
    """days: left until it must be read. level: of its worth."""

    days: int
    level: int


@dataclass(slots=True)
class Tally:
    """How many posts are in each cell, and by how many acts they will be short of the truth on the mean of the day."""

    posts: Counter[Cell] = field(default_factory=Counter)
    acts: dict[Cell, float] = field(default_factory=dict)

    def add(self, cell: Cell, acts: float) -> None:
        """One post more."""
        self.posts[cell] += 1
        self.acts[cell] = self.acts.get(cell, 0.0) + acts

    @property
    def total(self) -> int:
        """All posts."""
        return self.posts.total()

    def due(self) -> dict[int, int]:
        """How many must be read in so many days."""
        by_days: Counter[int] = Counter()
        for cell, posts in self.posts.items():
            by_days[cell.days] += posts
        return dict(by_days)


def level_of(worth: float) -> int:
    """The level of a worth; all that is next to nothing has the same."""
    return math.floor(math.log2(max(worth, LEAST_WORTH)) * LEVELS_A_DOUBLING)


def worth_of(level: int) -> float:
    """The least worth of a level."""
    return math.exp2(level / LEVELS_A_DOUBLING)


def summed(tallies: Iterable[Tally]) -> Tally:
    """All parts together."""
    whole = Tally()
    for one in tallies:
        whole.posts.update(one.posts)
        for cell, acts in one.acts.items():
            whole.acts[cell] = whole.acts.get(cell, 0.0) + acts
    return whole


def mixed(post_id: int) -> float:
    """A number from 0 up to 1 that says nothing about the post, always the same."""
    return (post_id * MIXER % WHOLE) / WHOLE
