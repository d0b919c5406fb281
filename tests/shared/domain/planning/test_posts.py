"""What is remembered of a post."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.planning.posts import Tracked, day_of, lost, read

spans = st.lists(st.tuples(st.floats(min_value=0.05, max_value=30), st.integers(0, 10_000)), min_size=1, max_size=20)


def test_a_reading_owns_the_post_until_midnight() -> None:
    """It is free at 23:59 of the same UTC day, and not at 00:00 of the next."""
    post = read(Tracked(1, born_at=10.0), 5, 30.0)
    assert post.is_owned(47.99)
    assert not post.is_owned(48.0)
    assert not post.is_owned(23.0)


def test_steady_growth_is_its_rate() -> None:
    """A post that grows by 12 an hour has that rate, whether it is read every ten minutes or every two hours."""
    for span in (1 / 6, 2.0):
        post = Tracked(1, born_at=0.0)
        for step in range(1, round(48 / span)):
            post = read(post, 12 * step * span, step * span)
        assert post.rate == pytest.approx(12, rel=0.01)


def test_an_older_reading_changes_no_count() -> None:
    """What a late worker brings is not stored over what is newer; that the post is owned stays."""
    post = read(Tracked(1, born_at=0.0), 50, 30.0)
    late = read(post, 20, 29.0)
    assert (late.acts, late.read_at, late.owned_day) == (50, 30.0, 1)


def test_counts_may_fall() -> None:
    """X takes acts back: the count is what was read, and the rate does not fall below zero."""
    post = read(read(Tracked(1, born_at=0.0), 50, 1.0), 40, 2.0)
    assert post.acts == 40
    assert post.rate >= 0


@given(readings=spans)
def test_nothing_negative_comes_of_any_readings(readings: list[tuple[float, int]]) -> None:
    """Rates and shares stay within their bounds, whatever the counts do."""
    post, at = Tracked(1, born_at=0.0), 0.0
    for span, count in readings:
        at += span
        post = read(post, count, at)
    assert post.rate >= 0
    assert post.usual > 0
    assert 0 < post.to_come <= 1
    assert post.owned_day == day_of(at)


def test_a_post_that_is_gone_keeps_its_count() -> None:
    """Only the mark is new."""
    post = read(Tracked(1, born_at=0.0), 50, 1.0)
    assert lost(post)._replace(is_gone=False) == post
    assert lost(post).is_gone
