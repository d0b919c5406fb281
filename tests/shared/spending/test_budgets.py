"""How full a budget is, and what that stops."""

from __future__ import annotations

import pytest

from shared.spending.budgets import Level, level_of, used_ratio


@pytest.mark.parametrize(
    ("used", "limit", "level"),
    [
        (10**9, None, Level.OPEN),
        (0.0, 0.1, Level.OPEN),
        (0.079, 0.1, Level.OPEN),
        (0.08, 0.1, Level.WARNING),
        (0.094, 0.1, Level.WARNING),
        (0.095, 0.1, Level.BACKGROUND_STOPPED),
        (0.1, 0.1, Level.SPENT),
        (5.0, 0.1, Level.SPENT),
        (0.0, 0.0, Level.SPENT),
    ],
)
def test_levels_begin_where_they_say(used: float, limit: float | None, level: Level) -> None:
    """80, 95 and 100 % begin exactly there; without a limit nothing fills, and a limit of nothing is spent."""
    assert level_of(used, limit) is level


def test_the_ratio_of_no_limit_is_zero() -> None:
    """So that a gauge has a value, and no alert fires."""
    assert (used_ratio(5.0, None), used_ratio(5.0, 0.0), used_ratio(1.0, 4.0)) == (0.0, 1.0, 0.25)
