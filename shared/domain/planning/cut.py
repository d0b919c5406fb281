"""Who stands where in the order of buying, from the tally of all posts. Pure.

First what the guard says, so that no post is forgotten: those that must be read first, of these the most worth. Then
the posts that are worth most. A place is a number of posts that come before, exact to the posts of one cell.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from shared.domain.planning.tally import Cell, Tally, mixed

# Who of a cell is taken first, chance decides: the guard takes so many standard deviations more than it wants of it.
SURE: Final = 3.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Places from `start` on, for the first `part` of the posts of a cell, or of what the guard left of a level."""

    start: float
    posts: float
    part: float = 1.0


@dataclass(frozen=True, slots=True)
class Cut:
    """guarded: by cell, where those stand that the guard wants. ranked: by level, where the others do."""

    guarded: Mapping[Cell, Stretch]
    ranked: Mapping[int, Stretch]

    def place(self, post_id: int, cell: Cell) -> float | None:
        """How many posts come before it; None for a cell that nobody counted."""
        within, guarded = mixed(post_id), self.guarded.get(cell)
        if guarded is not None and within < guarded.part:
            return guarded.start + within / guarded.part * guarded.posts
        if (ranked := self.ranked.get(cell.level)) is None:
            return None
        return ranked.start + _rest(within, guarded) * ranked.posts

    def level_at(self, place: float) -> int | None:
        """The level of what stands at that place by its worth; None for a place that nobody has."""
        return next((level for level, one in self.ranked.items() if one.start <= place < one.start + one.posts), None)


def cut(tally: Tally, must: int) -> Cut:
    """must: so many the guard wants."""
    guarded = dict(_guarded(tally, must))
    taken = {cell: one.posts for cell, one in guarded.items()}
    levels: dict[int, float] = {}
    for cell, posts in tally.posts.items():
        levels[cell.level] = levels.get(cell.level, 0.0) + posts - taken.get(cell, 0.0)
    start, ranked = sum(taken.values()), {}
    for level in sorted(levels, reverse=True):
        ranked[level] = Stretch(start, levels[level])
        start += levels[level]
    return Cut(guarded, ranked)


def acts_within(tally: Tally, made: Cut, first: float, last: float) -> float:
    """By how many acts the posts at these places would be short on the mean of the day, were they not bought."""
    total = 0.0
    for cell, posts in tally.posts.items():
        a_post = tally.acts.get(cell, 0.0) / posts
        guarded = made.guarded.get(cell)
        own = 0.0 if guarded is None else guarded.posts
        total += a_post * (0.0 if guarded is None else _overlap(guarded, first, last))
        ranked = made.ranked[cell.level]
        total += a_post * (posts - own) / ranked.posts * _overlap(ranked, first, last) if ranked.posts else 0.0
    return total


def _guarded(tally: Tally, must: int) -> Iterable[tuple[Cell, Stretch]]:
    start, left = 0.0, float(must)
    for cell in sorted(tally.posts, key=lambda one: (one.days, -one.level)):
        if left <= 0:
            return
        there = tally.posts[cell]
        posts = there if there <= left else min(there, left + SURE * math.sqrt(left) + 1)
        yield cell, Stretch(start, posts, posts / there)
        start, left = start + posts, left - posts


def _rest(within: float, guarded: Stretch | None) -> float:
    """The same, where the guard has taken the first part."""
    return within if guarded is None else (within - guarded.part) / (1 - guarded.part)


def _overlap(stretch: Stretch, first: float, last: float) -> float:
    return max(0.0, min(last, stretch.start + stretch.posts) - max(first, stretch.start))
