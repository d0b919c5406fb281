"""Time spans in words."""

from __future__ import annotations

import pytest

from shared.domain.spans import span


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (119.4, "119 s"),
        (120, "2 min"),
        (3599, "60 min"),
        (7200, "2.0 h"),
        (86_400, "24.0 h"),
        (1e6, "11.6 d"),
    ],
)
def test_a_span_is_said_in_the_unit_that_fits(seconds: float, words: str) -> None:
    """Seconds to two minutes, minutes to two hours, hours to two days."""
    assert span(seconds) == words
