"""When a silence is worth a look."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.coverage.silence import Rhythm

NOW = datetime(2024, 5, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("posts", "every_hours", "silent_hours", "is_silent"),
    [(10, 1, 23, False), (10, 1, 25, True), (10, 12, 119, False), (10, 12, 121, True), (4, 1, 500, False)],
)
def test_ten_times_the_rhythm_and_a_day(posts: int, every_hours: int, silent_hours: int, is_silent: bool) -> None:
    """Both have to have passed; too few posts are no rhythm."""
    last = NOW - silent_hours * HOUR
    rhythm = Rhythm(posts, last - (posts - 1) * every_hours * HOUR, last)

    assert rhythm.is_silent(NOW) is is_silent
    assert rhythm.period == (every_hours * HOUR if posts >= 5 else None)
