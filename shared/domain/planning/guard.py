"""Nobody is forgotten: every post is read at least once in a span of days, if the money allows it. Pure.

A post is due on the day on which its last reading becomes a span old. As long as no more posts are due within any k
days than k days of money buy, buying those first that are due first keeps every date: so what the coming days cannot
take must be bought today. `share` of each day's money is what the guard may use.

Where that does not keep the dates, only `lost_share` of the money goes to those that wait longest, for the rest is
worth more elsewhere, and `late` says how many posts will not be read in time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from shared.domain.planning.posts import Tracked, day_of


@dataclass(frozen=True, slots=True)
class Guarded:
    """must: posts to buy today, those that are due first, and of these the most
    worth. late: how many will miss their date for want of money."""

    must: tuple[int, ...]
    late: int


def due_day(post: Tracked, span_days: int) -> int:
    """The last UTC day on which it can be read in time."""
    return day_of(post.born_at if post.read_at is None else post.read_at) + span_days


def guard(
    posts: Iterable[tuple[float, Tracked]], today: int, money: int, *, span_days: int, share: float, lost_share: float
) -> Guarded:
    """Of the posts that are neither gone nor owned today, each with what it is worth."""
    waiting = sorted((due_day(post, span_days), -worth, post.post_id) for worth, post in posts)
    due = Counter(max(0, day - today) for day, _, _ in waiting)
    money_for_it = int(money * share)
    needed = _needed(due, money_for_it)
    if needed <= money_for_it:
        return Guarded(tuple(post_id for _, _, post_id in waiting[:needed]), 0)
    lost = int(money * lost_share)
    return Guarded(tuple(post_id for _, _, post_id in waiting[:lost]), needed - money_for_it)


def _needed(due: Counter[int], money_a_day: int) -> int:
    """How many must be bought today when each later day buys at most `money_a_day`."""
    most = total = 0
    for days in sorted(due):
        total += due[days]
        most = max(most, total - money_a_day * days)
    return most
