"""How large a post is going to be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.planning.growth import left
from shared.domain.planning.posts import Tracked, read
from shared.domain.planning.sizes import Model, grown_share, mean_gap_share, witnesses


def grown(size: float, hours: float) -> Tracked:
    """A post that grows by the law exactly, read every hour."""
    post = Tracked(1, born_at=0.0)
    for hour in range(1, int(hours) + 1):
        post = read(post, size * (1 - left(hour)), float(hour))
    return post


@pytest.mark.parametrize("hours", [1, 5, 20, 60])
def test_a_post_that_grows_by_the_law_is_known(hours: int) -> None:
    """Both witnesses tell its size, at any age."""
    by_count, by_growth = witnesses(grown(1000.0, hours))
    assert by_count == pytest.approx(1000, rel=0.01)
    assert by_growth == pytest.approx(1000, rel=0.01)


def test_a_revived_post_is_larger_than_its_count_says() -> None:
    """Growth at an age at which nothing usually comes speaks of a larger post."""
    quiet = grown(1000.0, 60)
    awake = read(quiet, quiet.acts + 100, 61.0)
    assert Model().size(awake) > 1.5 * Model().size(quiet)


def test_a_post_without_acts_is_not_nothing() -> None:
    """Young and without any act it may still grow."""
    assert Model().size(read(Tracked(1, born_at=0.0), 0, 0.1)) > 0


@given(at=st.floats(min_value=5, max_value=200), later=st.floats(min_value=0, max_value=100))
def test_gaps_only_widen(at: float, later: float) -> None:
    """What a post has grown by since it was read is never less later, and the mean of a day is more than its start."""
    post = grown(100.0, 4)
    assert grown_share(post, at) <= grown_share(post, at + later)
    assert mean_gap_share(post, at) >= grown_share(post, at) - 1e-6
