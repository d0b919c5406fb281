"""The count that a post probably has by now."""

from __future__ import annotations

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.planning.estimates import calibration, estimate
from shared.domain.planning.fitting import Learned, learn
from shared.domain.planning.growth import left
from shared.domain.planning.posts import Tracked, lost, read
from shared.domain.planning.sizes import Model

UNTAUGHT = calibration(Learned())


def post_of(acts: float) -> Tracked:
    """Read once, two hours old."""
    return read(Tracked(1, born_at=0.0), acts, 2.0)


@given(acts=st.integers(0, 100_000), later=st.floats(min_value=0, max_value=200))
def test_the_raw_count_stands_beside_it(acts: int, later: float) -> None:
    """The raw count is as read, the estimate is never below it and lies in its interval."""
    made = estimate(post_of(acts), 2.0 + later, Model(), UNTAUGHT)
    assert made.raw == acts
    assert made.raw <= made.low <= made.value <= made.high


@given(acts=st.integers(0, 10_000), later=st.floats(min_value=0, max_value=100), more=st.floats(0, 100))
def test_it_never_falls_while_nothing_is_read(acts: int, later: float, more: float) -> None:
    """Later, as much or more has come."""
    post = post_of(acts)
    now, then = (estimate(post, 2.0 + at, Model(), UNTAUGHT).value for at in (later, later + more))
    assert now <= then + 1e-6


def test_a_fresh_or_lost_post_is_what_was_read() -> None:
    """At the moment of the reading, and when it is gone, there is nothing to add."""
    assert estimate(post_of(900), 2.0, Model(), UNTAUGHT).high == 900
    assert estimate(lost(post_of(900)), 90.0, Model(), UNTAUGHT).value == 900


def test_the_interval_holds_eight_of_ten() -> None:
    """After 4,000 gaps of a noisy law, of 2,000 more about four fifths end within the interval."""
    chance, learned = random.Random(3), Learned()
    inside = 0
    for number in range(6000):
        size, post = chance.lognormvariate(6, 1), Tracked(number, born_at=0.0)
        for hour in (1, 2, 4, 8, 12):
            post = read(post, size * (1 - left(hour)), float(hour))
        count = post.acts + chance.lognormvariate(0, 0.8) * size * (left(12) - left(30))
        if number >= 4000:
            made = estimate(post, 30.0, Model(), calibration(learned))
            inside += made.low <= count <= made.high
        else:
            learned = learn(learned, Model(), post, count, 30.0)
    assert math.isclose(inside / 2000, 0.8, abs_tol=0.05)
