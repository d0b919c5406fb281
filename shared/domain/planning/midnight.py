"""What is bought at 00:00 UTC, when a post is worth most: it can be read all day. Pure.

First what the guard says, so that no post is forgotten; then the posts that are worth most, until the money of the day
is spent but for the reserve.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from shared.domain.planning.guard import guard
from shared.domain.planning.posts import Tracked, day_of
from shared.domain.planning.ranking import Worth

SPARE: Final = 0.1
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
    """ids: the most needed first, some more than the money buys, for a post that turns out to be gone costs nothing.
    guarded: how many are for the guard alone. late: posts that will not be read in their span, for want of money.
    marginal: what the last that the money buys is worth.
    """

    ids: tuple[int, ...]
    guarded: int
    late: int
    marginal: float = 0.0


def purchases(posts: Iterable[Tracked], at: float, money: int, worth: Worth, rules: Rules) -> Purchases:
    """Of the posts that are neither gone nor owned. money: how many may be bought."""
    valued = [(worth(post, at), post) for post in posts]
    kept = guard(
        valued,
        day_of(at),
        money,
        span_days=rules.span_days,
        share=rules.guard_share,
        lost_share=rules.lost_share,
    )
    must = set(kept.must)
    others = ((-value, post.post_id) for value, post in valued if post.post_id not in must)
    ranked = heapq.nsmallest(math.ceil(money * (1 + SPARE)) + LEAST_SPARE - len(must), others)
    within = ranked[: max(0, money - len(must))]
    marginal = -within[-1][0] if within else 0.0
    return Purchases((*kept.must, *(post_id for _, post_id in ranked)), len(must), kept.late, marginal)


def typical_count(posts: Iterable[Tracked]) -> float:
    """The geometric mean of 1 + count; 1 without posts."""
    logs = [math.log1p(post.acts) for post in posts]
    return math.exp(sum(logs) / len(logs)) if logs else 1.0
