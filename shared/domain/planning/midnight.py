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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The settings, in UTC days and shares of a day's money.

    span_days: every post is read at least once in so many. guard_share: may be spent on that; lost_share: is, where the
    former does not suffice. fairness: how much the part of a post's own count weighs; fairness_of_money is added where
    the money buys all posts, and its part for less: the more is bought, the less is to be won with the largest.
    reserve_share: at most so much is kept for the day.
    """

    span_days: int = 30
    guard_share: float = 1.0
    lost_share: float = 0.05
    fairness: float = 0.4
    fairness_of_money: float = 0.8
    reserve_share: float = 0.2


@dataclass(frozen=True, slots=True)
class Purchases:
    """ids: the most needed first, some more than the money buys, for a post that turns out to be gone costs nothing.
    guarded: how many of them for the guard alone. late: posts that will not be read in their span, for want of money.
    """

    ids: tuple[int, ...]
    guarded: int
    late: int


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
    return Purchases((*kept.must, *(post_id for _, post_id in ranked)), len(must), kept.late)


def typical_count(posts: Iterable[Tracked]) -> float:
    """The geometric mean of 1 + count; 1 without posts."""
    logs = [math.log1p(post.acts) for post in posts]
    return math.exp(sum(logs) / len(logs)) if logs else 1.0
