"""What is bought at 00:00 UTC."""

from __future__ import annotations

import pytest

from shared.domain.planning.midnight import LEAST_SPARE, Rules, purchases, typical_count
from shared.domain.planning.posts import Tracked, read
from shared.domain.planning.ranking import Worth
from shared.domain.planning.sizes import Model

WORTH = Worth(Model(), fairness=0.0, typical_count=1.0)


def flock(counts: list[int]) -> list[Tracked]:
    """Two hours old, read ten minutes before midnight of day 0."""
    return [read(Tracked(number, born_at=21.8), acts, 23.8) for number, acts in enumerate(counts)]


def test_the_most_worth_comes_first() -> None:
    """Posts of the same age, by their counts, and some more than the money buys."""
    made = purchases(flock([5, 900, 40, 300]), 24.0, 2, WORTH, Rules())
    assert made.ids == (1, 3, 2, 0)
    assert made.guarded == made.late == 0


def test_equal_posts_come_by_id() -> None:
    """So that the same flock is bought in the same order everywhere."""
    assert purchases(flock([7] * 30), 24.0, 3, WORTH, Rules()).ids == tuple(range(4 + LEAST_SPARE))


def test_the_guard_goes_before_the_ranking() -> None:
    """Of ten posts with one a day and a span of ten days, one must be bought today, though another is worth more."""
    old = [read(Tracked(10 + number, born_at=-300.0), 1, -239.0 + 24 * number) for number in range(10)]
    made = purchases([*flock([90_000]), *old], 24.0, 1, WORTH, Rules(span_days=10, lost_share=1.0))
    assert made.ids[0] == 10


def test_without_money_nothing_must_be_bought() -> None:
    """What is ranked is for money that is found later; the guard says who will be late."""
    made = purchases([read(Tracked(1, born_at=-300.0), 1, -239.0)], 24.0, 0, WORTH, Rules(span_days=5))
    assert (made.guarded, made.late) == (0, 1)


@pytest.mark.parametrize(("money", "fairness"), [(100, 1.46), (1000, 0.47), (10_000, 0.46)])
def test_little_money_is_spent_more_fairly(money: int, fairness: float) -> None:
    """Of 10,000 posts a hundredth, a tenth, all."""
    assert Rules(fairness=0.46, fairness_of_want=1.0).fairness_for(money, 10_000) == pytest.approx(fairness, abs=0.005)


def test_typical_is_the_middle_of_the_logarithms() -> None:
    """One post with a million acts does not make the others small."""
    assert typical_count(flock([9, 9, 9, 999_999])) == pytest.approx((10**3 * 10**6) ** 0.25, rel=1e-6)
    assert typical_count([]) == 1.0
