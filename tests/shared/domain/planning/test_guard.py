"""Nobody is forgotten."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.planning.guard import guard
from shared.domain.planning.posts import Tracked, read

SPAN_DAYS = 5


def flock(read_days: list[int]) -> list[Tracked]:
    """One post each, read at noon of that day."""
    return [read(Tracked(number, born_at=-500.0), 10, day * 24 + 12.0) for number, day in enumerate(read_days)]


@settings(max_examples=60, deadline=None)
@given(
    read_days=st.lists(st.integers(-4, -1), min_size=1, max_size=40),
    spare=st.integers(0, 3),
    share=st.sampled_from([0.5, 1.0]),
    seed=st.integers(0, 99),
)
def test_where_the_money_suffices_every_date_is_kept(read_days: list[int], spare: int, share: float, seed: int) -> None:
    """With as much money as the dates need, the rest of it spent by chance, no post waits longer than the span."""
    chance, posts = random.Random(seed), flock(read_days)
    money = next(m for m in range(1, 1000) if _late(posts, m, share) == 0) + spare
    for day in range(15):
        kept = guard(((0.0, post) for post in posts), day, money, span_days=SPAN_DAYS, share=share, lost_share=0.1)
        assert kept.late == 0
        assert len(kept.must) <= money
        others = chance.sample(range(len(posts)), min(len(posts), money - len(kept.must)))
        bought = {*kept.must, *others}
        posts = [read(post, 10, day * 24.0) if post.post_id in bought else post for post in posts]
        assert all((post.read_at or 0.0) // 24 > day - SPAN_DAYS for post in posts)


def _late(posts: list[Tracked], money: int, share: float) -> int:
    return guard(((0.0, post) for post in posts), 0, money, span_days=SPAN_DAYS, share=share, lost_share=0.1).late


def test_what_cannot_be_kept_is_said() -> None:
    """Of 100 posts that are due today 10 can be bought: 90 will be late, and a part of the money goes to them."""
    posts = [(float(post.post_id), post) for post in flock([-5] * 100)]
    kept = guard(posts, 0, 10, span_days=SPAN_DAYS, share=1.0, lost_share=0.2)
    assert kept.late == 90
    assert kept.must == (99, 98)


def test_nothing_is_bought_early_without_need() -> None:
    """As long as later days can take it, the guard spends nothing."""
    posts = [(0.0, post) for post in flock([-1] * 20)]
    assert guard(posts, 0, 10, span_days=SPAN_DAYS, share=1.0, lost_share=0.1).must == ()
