"""When a post is read next, on every occasion."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.engagement.next_reading import (
    Chooser,
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
from shared.domain.planning.posts import Tracked, hours, read

NOW = datetime(2024, 5, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
POST = read(Tracked(1, hours(NOW)), 10, hours(NOW) + 1)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("occasion", "wait"),
    [
        (Found(), timedelta(0)),
        (Released(), timedelta(0)),
        (Claimed(10 * MINUTE), 10 * MINUTE),
        (Counted(TABLE[0], timedelta(0), POST), 5 * MINUTE),
        (Counted(TABLE[-1], timedelta(days=30), POST), 24 * HOUR),
        (Counted(TABLE[-1], timedelta(days=31), POST), None),
        (Counted(TABLE[2], timedelta(days=31), POST), 2 * HOUR),
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
    occasion=st.sampled_from([Found(), Released(), Claimed(HOUR), Silent(), Gone(), Counted(TABLE[1], HOUR, POST)])
    | st.timedeltas(timedelta(0), timedelta(days=3)).map(lambda ago: ReportedGone(NOW - ago)),
    scale=st.sampled_from([0.01, 1.0, 3.0]),
)
def test_no_reading_lies_in_the_past(occasion: Occasion, scale: float) -> None:
    """Whatever happened, the next reading is now or later, or never."""
    at = next_reading_at(occasion, now=NOW, policy=RefreshPolicy(time_scale=scale))

    assert at is None or at >= NOW


@pytest.mark.parametrize(
    ("acts", "age", "wait"),
    [
        (5_000, HOUR, 10 * MINUTE),
        (0, HOUR, HOUR),
        (5_000, 23 * HOUR + 45 * MINUTE, 5 * MINUTE),
        (5_000, 23 * HOUR + 50 * MINUTE, None),
    ],
    ids=["moves", "stands still", "last of the day", "after the last"],
)
def test_by_the_planner_an_owned_post_is_read_again_today(acts: int, age: timedelta, wait: timedelta | None) -> None:
    """While it moves, every ten minutes; otherwise hourly; at 23:50 UTC for the last time; then a plan must buy it."""
    post = read(Tracked(1, hours(NOW)), acts, hours(NOW + age))

    at = next_reading_at(Counted(TABLE[0], age, post), now=NOW + age, policy=RefreshPolicy(by=Chooser.PLANNER))

    assert (None if at is None else at - NOW - age) == wait


def test_by_the_planner_what_was_read_yesterday_waits_for_a_plan() -> None:
    """However much it moves."""
    post = read(Tracked(1, hours(NOW)), 5_000, hours(NOW + HOUR))
    counted = Counted(TABLE[0], HOUR, post)

    assert next_reading_at(counted, now=NOW + 25 * HOUR, policy=RefreshPolicy(by=Chooser.PLANNER)) is None
