"""The comparison with X's own count."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from shared.domain.money.usage import UsageCheck, last_whole_day

DAY = date(2026, 11, 9)


@pytest.mark.parametrize(
    ("ours", "theirs", "ratio", "is_far_off"),
    [
        (0, 0, 0.0, False),
        (98, 100, 0.02, False),
        (100, 98, 0.02, False),
        (97, 100, 0.03, True),
        (0, 5, 1.0, True),
        (5, 0, 1.0, True),
    ],
)
def test_two_percent_are_tolerated(ours: int, theirs: int, ratio: float, is_far_off: bool) -> None:
    """The two may be 2 % apart, whoever has more; a count that one of them misses whole is all of it."""
    check = UsageCheck(day=DAY, ours=ours, theirs=theirs, checked_at=datetime(2026, 11, 10, tzinfo=UTC))

    assert check.difference_ratio == pytest.approx(ratio)
    assert check.is_far_off is is_far_off


def test_the_day_before_is_compared() -> None:
    """The last whole day by X's clock, and none where X did not count it."""
    just_after = datetime(2026, 11, 10, 0, 0, 1, tzinfo=UTC)

    assert last_whole_day(just_after, {DAY: 3}) == DAY
    assert last_whole_day(just_after, {date(2026, 11, 10): 3}) is None
