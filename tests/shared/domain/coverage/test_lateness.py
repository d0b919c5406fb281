"""The margin follows how late posts come, between its limits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.coverage.lateness import Margins, Seen, next_margin

LIMITS = Margins(timedelta(seconds=5), timedelta(minutes=5))
TEN = timedelta(seconds=10)


@pytest.mark.parametrize(
    ("seen", "seconds"),
    [
        (Seen(found=1_999), None),
        (Seen(found=10_000, beyond=100), 20),
        (Seen(found=10_000, within=300, beyond=2), 10),
        (Seen(found=10_000, within=5), 5),
        (Seen(found=10_000, within=5, beyond=10), 10),
        (Seen(found=100, beyond=9), 20),
    ],
)
def test_the_margin_doubles_and_halves(seen: Seen, seconds: float | None) -> None:
    """Too many left to the second reading: double; hardly any late at all: half; too few posts to tell: none."""
    margin = next_margin(TEN, seen, LIMITS)

    assert (margin and margin.total_seconds()) == seconds


@given(
    margin=st.integers(1, 2_000),
    seen=st.builds(Seen, found=st.integers(0, 10**6), within=st.integers(0, 999), beyond=st.integers(0, 999)),
)
def test_the_margin_stays_within_its_limits(margin: int, seen: Seen) -> None:
    """Whatever was seen."""
    chosen = next_margin(timedelta(seconds=margin), seen, LIMITS)

    assert chosen is None or LIMITS.least <= chosen <= LIMITS.most


def test_the_share_of_late_posts_is_of_all_found() -> None:
    """Nothing found is nothing late."""
    assert Seen().late_share == 0
    assert Seen(found=200, within=6, beyond=4).late_share == 0.05
