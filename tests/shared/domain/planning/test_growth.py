"""The share of a post's growth that is still to come."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.planning.growth import left, mean_left

ages = st.floats(min_value=0, max_value=400)


@given(age=ages)
def test_it_follows_the_published_law(age: float) -> None:
    """Relaxation with the power 0.4 from 0.2 h on, and ageing over 60 h, to a thousandth."""
    assert left(age) == pytest.approx((1 + age / 0.2) ** -0.4 * math.exp(-age / 60), abs=0.002)


@pytest.mark.parametrize(("hours", "share"), [(1, 0.5), (6, 0.77), (24, 0.9), (72, 0.97)])
def test_what_comes_early_is_most(hours: float, share: float) -> None:
    """The shares that were measured for posts on X come within 1, 6, 24 and 72 hours."""
    assert 1 - left(hours) == pytest.approx(share, abs=0.025)


@given(age=ages, later=st.floats(min_value=0, max_value=100))
def test_it_only_falls(age: float, later: float) -> None:
    """An older post never has more before it, and a mean lies between its ends, to half a per cent."""
    assert left(age) >= left(age + later)
    assert left(age) + 0.005 >= mean_left(age, age + later) >= left(age + later) - 0.005


def test_a_mean_is_the_area_by_the_time() -> None:
    """Against a sum of a thousand steps."""
    steps = [left(3 + 24 * (step + 0.5) / 1000) for step in range(1000)]
    assert mean_left(3, 27) == pytest.approx(sum(steps) / 1000, rel=1e-3)
