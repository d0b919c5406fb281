"""When a post that is owned is read again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.planning.cadence import LONGEST_HOURS, SHORTEST_HOURS, next_reading_at
from shared.domain.planning.posts import Tracked, lost, read


@given(at=st.floats(min_value=1, max_value=23.8), acts=st.integers(0, 100_000))
def test_it_is_read_again_today(at: float, acts: int) -> None:
    """Between ten minutes and an hour later, and never after the last reading of the day at 23:50."""
    due_at = next_reading_at(read(Tracked(1, born_at=0.0), acts, at), at)
    assert due_at is not None
    assert min(at + SHORTEST_HOURS, 24 - 1 / 6) - 1e-9 <= due_at <= at + LONGEST_HOURS
    assert due_at <= 24 - 1 / 6


def test_what_moves_is_read_more_often() -> None:
    """A post with a hundred acts in an hour after ten minutes, one without any after an hour."""
    fast, calm = read(Tracked(1, born_at=0.0), 100, 1.0), read(Tracked(2, born_at=0.0), 0, 1.0)
    assert next_reading_at(fast, 1.0) == 1.0 + SHORTEST_HOURS
    assert next_reading_at(calm, 1.0) == 1.0 + LONGEST_HOURS


def test_after_the_last_reading_nothing_is_due() -> None:
    """From 23:50 on it waits until it is bought; so do a post that is gone and one that nobody paid for today."""
    post = read(Tracked(1, born_at=0.0), 100, 23.9)
    assert next_reading_at(post, 23.9) is None
    assert next_reading_at(lost(read(Tracked(1, born_at=0.0), 100, 3.0)), 3.0) is None
    assert next_reading_at(post, 24.5) is None
