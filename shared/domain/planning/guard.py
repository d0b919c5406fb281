"""Nobody is forgotten: every post is read at least once in a span of days, if the money allows it. Pure.

A post is due on the day on which its last reading becomes a span old. As long as no more posts are due within any k
days than k days of money buy, buying those first that are due first keeps every date: so what the coming days cannot
take must be bought today. `share` of each day's money is what the guard may use.

Where that does not keep the dates, only `lost_share` of the money goes to those that wait longest, for the rest is
worth more elsewhere, and `late` says how many posts will not be read in time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.domain.planning.posts import Tracked, day_of


@dataclass(frozen=True, slots=True)
class Guarded:
    """must: how many posts to buy today, those that are due first. late: how many will miss their date for want of
    money."""

    must: int
    late: int


def days_left(post: Tracked, today: int, span_days: int) -> int:
    """In how many days it must be read at the latest; 0: today."""
    last_day = day_of(post.born_at if post.read_at is None else post.read_at) + span_days
    return max(0, last_day - today)


def guard(due: Mapping[int, int], money: int, *, share: float, lost_share: float) -> Guarded:
    """due: how many posts, of those that are neither gone nor owned, are due in so many days."""
    money_for_it = int(money * share)
    needed = _needed(due, money_for_it)
    if needed <= money_for_it:
        return Guarded(needed, 0)
    return Guarded(int(money * lost_share), needed - money_for_it)


def _needed(due: Mapping[int, int], money_a_day: int) -> int:
    """How many must be bought today when each later day buys at most `money_a_day`."""
    most = total = 0
    for days in sorted(due):
        total += due[days]
        most = max(most, total - money_a_day * days)
    return most
