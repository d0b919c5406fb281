"""When a post is read next, on every occasion."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.engagement.next_reading import (
    Claimed,
    Counted,
    Found,
    Gone,
    Occasion,
    RefreshPolicy,
    Released,
    ReportedGone,
    Silent,
    next_reading_at,
)
from shared.domain.engagement.tiers import TABLE

NOW = datetime(2024, 5, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("occasion", "wait"),
    [
        (Found(), timedelta(0)),
        (Released(), timedelta(0)),
        (Claimed(10 * MINUTE), 10 * MINUTE),
        (Counted(TABLE[0], timedelta(0)), 5 * MINUTE),
        (Counted(TABLE[-1], timedelta(days=30)), 24 * HOUR),
        (Counted(TABLE[-1], timedelta(days=31)), None),
        (Counted(TABLE[2], timedelta(days=31)), 2 * HOUR),
        (Silent(), 10 * MINUTE),
        (ReportedGone(NOW), HOUR),
        (ReportedGone(NOW - 20 * MINUTE), 40 * MINUTE),
        (ReportedGone(NOW - 59 * MINUTE), 10 * MINUTE),
        (Gone(), None),
    ],
)
def test_every_occasion_has_its_wait(occasion: Occasion, wait: timedelta | None) -> None:
    """The table of the module, in numbers."""
    at = next_reading_at(occasion, now=NOW)

    assert (None if at is None else at - NOW) == wait


@given(
    occasion=st.sampled_from([Found(), Released(), Claimed(HOUR), Silent(), Gone(), Counted(TABLE[1], HOUR)])
    | st.timedeltas(timedelta(0), timedelta(days=3)).map(lambda ago: ReportedGone(NOW - ago)),
    scale=st.sampled_from([0.01, 1.0, 3.0]),
)
def test_no_reading_lies_in_the_past(occasion: Occasion, scale: float) -> None:
    """Whatever happened, the next reading is now or later, or never."""
    at = next_reading_at(occasion, now=NOW, policy=RefreshPolicy(time_scale=scale))

    assert at is None or at >= NOW
