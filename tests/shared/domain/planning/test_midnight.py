"""What is bought at 00:00 UTC."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.planning.midnight import Purchases, Rules, cell_of, purchases, tallied, typical_count
from shared.domain.planning.posts import Tracked, read
from shared.domain.planning.ranking import Worth
from shared.domain.planning.sizes import Model

STEP = 2 ** (1 / 32)
WORTH = Worth(Model(), fairness=0.0, typical_count=1.0)


def flock(counts: list[int]) -> list[Tracked]:
    """Two hours old, read ten minutes before midnight of day 0."""
    return [read(Tracked(number, born_at=21.8), acts, 23.8) for number, acts in enumerate(counts)]


def bought(posts: list[Tracked], money: int, rules: Rules, worth: Worth = WORTH) -> tuple[Purchases, list[int]]:
    """At 00:00 of day 1: the order, and the posts in it."""
    made = purchases(tallied(posts, 24.0, worth, rules.span_days), money, rules)
    places = {
        post.post_id: made.order.place(post.post_id, cell_of(post, 24.0, worth, rules.span_days)[0]) for post in posts
    }
    return made, sorted(places, key=lambda post_id: places[post_id] or 0.0)


def test_the_most_worth_comes_first() -> None:
    """Posts of the same age, by their counts."""
    made, order = bought(flock([5, 900, 40, 300]), 2, Rules())
    assert order == [1, 3, 2, 0]
    assert made.must == made.late == 0


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(0, 100_000), min_size=1, max_size=80),
    money=st.integers(0, 60),
    fairness=st.sampled_from([0.0, 0.65]),
)
def test_what_the_money_buys_is_worth_as_much_as_by_exact_order(counts: list[int], money: int, fairness: float) -> None:
    """To a step of the tally, beside the posts sorted by their worth itself, post by post."""
    worth, posts = Worth(Model(), fairness, typical_count(flock(counts))), flock(counts)
    _, order = bought(posts, money, Rules(), worth)
    values = [worth(post, 24.0) for post in posts]

    best = sum(sorted(values, reverse=True)[:money])

    assert len(set(order)) == len(posts)
    assert sum(values[post_id] for post_id in order[:money]) >= best / STEP


def test_the_last_that_is_bought_has_its_worth() -> None:
    """Of three that the money buys the third, to a step; where all are bought, another one would be worth nothing."""
    posts = flock([5, 900, 40, 300])
    made, order = bought(posts, 2, Rules())
    assert made.marginal == pytest.approx(WORTH(posts[order[2]], 24.0), rel=STEP - 1)
    assert bought(posts, 4, Rules())[0].marginal == 0.0


def test_the_guard_goes_before_the_ranking() -> None:
    """Of ten posts with one a day and a span of ten days, one must be bought today, though another is worth more."""
    old = [read(Tracked(10 + number, born_at=-300.0), 1, -239.0 + 24 * number) for number in range(10)]
    made, order = bought([*flock([90_000]), *old], 1, Rules(span_days=10, lost_share=1.0))
    assert order[:2] == [10, 0]
    assert made.must == 1


def test_without_money_nothing_must_be_bought() -> None:
    """What is ranked is for money that is found later; the guard says who will be late."""
    made, _ = bought([read(Tracked(1, born_at=-300.0), 1, -239.0)], 0, Rules(span_days=5))
    assert (made.must, made.late) == (0, 1)


@pytest.mark.parametrize(("money", "fairness"), [(100, 1.46), (1000, 0.47), (10_000, 0.46)])
def test_little_money_is_spent_more_fairly(money: int, fairness: float) -> None:
    """Of 10,000 posts a hundredth, a tenth, all."""
    assert Rules(fairness=0.46, fairness_of_want=1.0).fairness_for(money, 10_000) == pytest.approx(fairness, abs=0.005)


def test_typical_is_the_middle_of_the_logarithms() -> None:
    """One post with a million acts does not make the others small."""
    assert typical_count(flock([9, 9, 9, 999_999])) == pytest.approx((10**3 * 10**6) ** 0.25, rel=1e-6)
    assert typical_count([]) == 1.0
