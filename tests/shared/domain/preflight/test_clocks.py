"""How far clocks may be apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.preflight.clocks import judge_clocks
from shared.domain.preflight.finding import Check, Level


@pytest.mark.parametrize(
    ("seconds", "level"),
    [(0, Level.OK), (2, Level.OK), (2.1, Level.WARNING), (60, Level.WARNING), (61, Level.ERROR), (-61, Level.ERROR)],
)
def test_the_further_the_worse(seconds: float, level: Level) -> None:
    """Up to 2 s is well, up to 60 s a warning, beyond an error."""
    [finding] = judge_clocks({Check.REDIS_CLOCK: seconds})

    assert finding.level is level
    assert not finding.ends_a_start


@given(st.floats(-1e6, 1e6))
def test_ahead_is_as_bad_as_behind(seconds: float) -> None:
    """Only the distance counts, and the words say which way it is."""
    ahead, behind = (judge_clocks({Check.X_CLOCK: one})[0] for one in (seconds, -seconds))

    assert ahead.level is behind.level
    if seconds > 2:
        assert "ahead of" in ahead.message
        assert "behind" in behind.message


def test_each_clock_that_was_read_has_a_finding() -> None:
    """One that could not be read has none."""
    found = judge_clocks({Check.REDIS_CLOCK: 0, Check.X_CLOCK: 90})

    assert [(one.check, one.level) for one in found] == [
        (Check.REDIS_CLOCK, Level.OK),
        (Check.X_CLOCK, Level.ERROR),
    ]
