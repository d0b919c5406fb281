"""What is kept for what is found during the day."""

from __future__ import annotations

import pytest

from shared.domain.planning.reserve import reserve, still_kept


def test_as_much_as_the_worst_day_of_a_week() -> None:
    """The greatest need of the last seven days; older ones are forgotten."""
    assert reserve([90, 3, 5, 1, 0, 0, 2, 4], money=1000, most_share=0.5) == 5


def test_never_more_than_its_part_of_the_money() -> None:
    """The rest of the money is for the posts that are known."""
    assert reserve([400], money=1000, most_share=0.2) == 200
    assert reserve([], money=1000, most_share=0.2) == 0


@pytest.mark.parametrize(("hour", "kept"), [(48.0, 100), (60.0, 50), (71.9, 1)])
def test_it_is_let_go_over_the_day(hour: float, kept: int) -> None:
    """All of it at midnight, half at noon, next to nothing at the end."""
    assert still_kept(100, hour) == kept
