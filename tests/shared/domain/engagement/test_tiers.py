"""How often a post is read: the table, and that it never turns round."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.engagement.next_reading import RETIRE_AGE, Counted, RefreshPolicy, next_reading_at
from shared.domain.engagement.tiers import TABLE, Tier, tier_of
from shared.domain.planning.posts import Tracked

NOW = datetime(2024, 5, 1, tzinfo=UTC)
NEVER = timedelta.max

ages = st.timedeltas(min_value=timedelta(minutes=-5), max_value=timedelta(days=400))
velocities = st.floats(min_value=0, max_value=1e9, allow_nan=False)
scales = st.sampled_from([1.0, 0.01, 0.5, 3.0])


def wait(age: timedelta, velocity: float, time_scale: float) -> timedelta:
    """How long until the post is read again; NEVER when it is not."""
    rule = tier_of(age=age, velocity=velocity, time_scale=time_scale)
    at = next_reading_at(Counted(rule, age, Tracked(1, 0.0)), now=NOW, policy=RefreshPolicy(time_scale))
    return NEVER if at is None else at - NOW


@settings(deadline=None)
@given(age=ages, older_by=st.timedeltas(min_value=timedelta(0)).filter(lambda d: d.days < 400), v=velocities, s=scales)
def test_a_younger_post_is_never_read_less_often(age: timedelta, older_by: timedelta, v: float, s: float) -> None:
    """Of two posts with the same velocity the younger one is read at least as often."""
    assert wait(age, v, s) <= wait(age + older_by, v, s)


@settings(deadline=None)
@given(age=ages, slow=velocities, more=velocities, s=scales)
def test_a_faster_post_is_never_read_less_often(age: timedelta, slow: float, more: float, s: float) -> None:
    """Of two posts of the same age the faster one is read at least as often."""
    assert wait(age, slow + more, s) <= wait(age, slow, s)


@settings(deadline=None)
@given(age=ages, velocity=velocities, scale=scales)
def test_the_next_reading_lies_ahead(age: timedelta, velocity: float, scale: float) -> None:
    """Whatever the post, the next reading is after now, at the latest after the interval of the cold."""
    left = wait(age, velocity, scale)

    assert left > timedelta(0)
    assert left is NEVER or left <= TABLE[-1].interval * scale


def test_the_table_goes_from_the_often_read_to_the_seldom_read() -> None:
    """Ages and intervals rise and velocities fall down the table, and every tier has one rule."""
    assert [rule.tier for rule in TABLE] == list(Tier)
    for above, below in pairwise(TABLE):
        assert above.max_age < below.max_age
        assert above.interval < below.interval
        assert above.min_velocity > below.min_velocity


@pytest.mark.parametrize(
    ("age", "velocity", "tier"),
    [
        (timedelta(minutes=59), 0, Tier.ULTRA_HOT),
        (timedelta(hours=1), 0, Tier.HOT),
        (timedelta(hours=1), 500, Tier.ULTRA_HOT),
        (timedelta(hours=6), 49.9, Tier.WARM),
        (timedelta(hours=6), 50, Tier.HOT),
        (timedelta(hours=48), 4.9, Tier.COLD),
        (timedelta(days=29), 5, Tier.WARM),
        (timedelta(days=400), 500, Tier.ULTRA_HOT),
    ],
)
def test_the_tiers_at_their_borders(age: timedelta, velocity: float, tier: Tier) -> None:
    """A post leaves a tier when it is as old as the tier's age, and enters one at its velocity."""
    assert tier_of(age=age, velocity=velocity).tier is tier


def test_a_cold_post_is_read_no_more_after_a_month() -> None:
    """Up to thirty days a cold post is read daily, later never; a fast one is read whatever its age."""
    assert wait(RETIRE_AGE, 0, 1.0) == timedelta(hours=24)
    assert wait(RETIRE_AGE + timedelta(seconds=1), 0, 1.0) is NEVER
    assert wait(RETIRE_AGE * 2, 60, 1.0) == timedelta(minutes=20)


def test_time_can_run_faster() -> None:
    """At a scale of 0.01 an hour of the table passes in 36 s, and velocities are a hundred times higher."""
    assert tier_of(age=timedelta(seconds=35), velocity=0, time_scale=0.01).tier is Tier.ULTRA_HOT
    assert tier_of(age=timedelta(seconds=36), velocity=0, time_scale=0.01).tier is Tier.HOT
    assert tier_of(age=timedelta(days=1), velocity=49_999, time_scale=0.01).tier is Tier.HOT
    assert wait(timedelta(seconds=1), 0, 0.01) == timedelta(seconds=3)
