"""What is bought at 00:00 UTC, when a post is worth most: it can be read all day. Pure.

First what the guard says, so that no post is forgotten; then the posts that are worth most, until the money of the day
is spent but for the reserve.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from shared.domain.planning.cut import Cut, cut
from shared.domain.planning.guard import days_left, guard
from shared.domain.planning.posts import Tracked, day_of
from shared.domain.planning.ranking import Worth
from shared.domain.planning.tally import Cell, Tally, level_of, worth_of

SPARE: Final = 1.1
LEAST_SPARE: Final = 10
MOST_OF_WANT: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The settings, in UTC days and shares of a day's money.

    span_days: every post is read at least once in so many. guard_share: may be spent on that; lost_share: is, where the
    former does not suffice. fairness: how much the part of a post's own count weighs; fairness_of_want is added
    where a hundredth of the posts is bought a day, and falls with the square: where little is bought it costs little.
    reserve_share: at most so much is kept for the day.
    """

    span_days: int = 30
    guard_share: float = 1.0
    lost_share: float = 0.05
    fairness: float = 0.65
    fairness_of_want: float = 1.0
    reserve_share: float = 0.2

    def fairness_for(self, money: int, followed: int) -> float:
        """Where `money` of the posts that are followed may be bought a day."""
        hundredths = 100 * max(money, 1) / max(followed, 1)
        return self.fairness + min(MOST_OF_WANT, self.fairness_of_want / hundredths**2)


@dataclass(frozen=True, slots=True)
class Purchases:
    """The order of a day. must: so many come first by the guard alone. late: posts that will not be read in their span,
    for want of money. marginal: what the last that the money buys is worth; 0 where it buys all, or none.
    """

    order: Cut
    must: int
    late: int
    marginal: float = 0.0


def cell_of(post: Tracked, at: float, worth: Worth, span_days: int) -> tuple[Cell, float]:
    """Where a post that is neither gone nor owned is counted, and the acts that it would be short of."""
    gap = worth.gap(post, at)
    return Cell(days_left(post, day_of(at), span_days), level_of(worth.of_gap(post, gap))), gap


def tallied(posts: Iterable[Tracked], at: float, worth: Worth, span_days: int) -> Tally:
    """Of posts that are neither gone nor owned."""
    tally = Tally()
    for post in posts:
        tally.add(*cell_of(post, at, worth, span_days))
    return tally


def purchases(tally: Tally, money: int, rules: Rules) -> Purchases:
    """money: how many posts may be bought."""
    kept = guard(tally.due(), money, share=rules.guard_share, lost_share=rules.lost_share)
    order = cut(tally, kept.must)
    last = order.level_at(money)
    return Purchases(order, kept.must, kept.late, 0.0 if last is None or money == 0 else worth_of(last))


def most_places(money: int) -> int:
    """So many are put in order: some more than the money buys, for a post that turns out to be gone costs nothing."""
    return math.ceil(money * SPARE) + LEAST_SPARE


def typical_count(posts: Iterable[Tracked]) -> float:
    """The geometric mean of 1 + count; 1 without posts."""
    logs = [math.log1p(post.acts) for post in posts]
    return math.exp(sum(logs) / len(logs)) if logs else 1.0
