"""Nobody is forgotten."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.planning.guard import days_left, guard
from shared.domain.planning.posts import Tracked, read

SPAN_DAYS = 5


def test_days_are_left_until_the_last_reading_is_a_span_old() -> None:
    """Of a post that was never read, its birth; nothing is left where the day has passed."""
    post = Tracked(1, born_at=24 * 10.0 + 5)
    assert days_left(post, 10, SPAN_DAYS) == 5
    assert days_left(read(post, 10, 24 * 12.0), 14, SPAN_DAYS) == 3
    assert days_left(post, 99, SPAN_DAYS) == 0


@settings(max_examples=60, deadline=None)
@given(
    lefts=st.lists(st.integers(1, SPAN_DAYS - 1), min_size=1, max_size=40),
    spare=st.integers(0, 3),
    share=st.sampled_from([0.5, 1.0]),
    seed=st.integers(0, 99),
)
def test_where_the_money_suffices_every_date_is_kept(lefts: list[int], spare: int, share: float, seed: int) -> None:
    """With as much money as the dates need, the rest of it spent by chance, no post waits longer than the span."""
    chance = random.Random(seed)
    money = next(m for m in range(1, 1000) if guard(_due(lefts), m, share=share, lost_share=0.1).late == 0) + spare
    for _ in range(15):
        kept = guard(_due(lefts), money, share=share, lost_share=0.1)
        assert kept.late == 0
        assert kept.must <= money
        first = sorted(range(len(lefts)), key=lefts.__getitem__)[: kept.must]
        bought = {*first, *chance.sample(range(len(lefts)), min(len(lefts), money - kept.must))}
        lefts = [(SPAN_DAYS if number in bought else left) - 1 for number, left in enumerate(lefts)]
        assert min(lefts) >= 0


def _due(lefts: list[int]) -> dict[int, int]:
    return {days: lefts.count(days) for days in set(lefts)}


def test_what_cannot_be_kept_is_said() -> None:
    """Of 100 posts that are due today 10 can be bought: 90 will be late, and a part of the money goes to them."""
    kept = guard({0: 100}, 10, share=1.0, lost_share=0.2)
    assert kept.late == 90
    assert kept.must == 2


def test_nothing_is_bought_early_without_need() -> None:
    """As long as later days can take it, the guard spends nothing."""
    assert guard({4: 20}, 10, share=1.0, lost_share=0.1).must == 0
