"""Which posts run away, and what is usual."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.counts import PostMetrics
from shared.domain.engagement.next_reading import DEFAULT_POLICY
from shared.domain.engagement.refresh import Engagement, read_absence, read_counts
from shared.domain.engagement.surges import (
    LEAST_ACTS,
    LEAST_POSTS,
    Measured,
    Thresholds,
    Usual,
    Why,
    band_of,
    learned,
    measured,
    surge_of,
)
from shared.domain.models import PostState

MADE_AT = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
VELOCITIES = st.floats(0, 1e7)
ONE = Measured(
    post_id=1,
    author_id=7,
    at=MADE_AT + timedelta(hours=1),
    velocity=600.0,
    acts=100,
    metrics=PostMetrics(like_count=100),
    band=2,
    has_come=True,
)


def after(minutes: float) -> datetime:
    """So long after the post was made."""
    return MADE_AT + timedelta(minutes=minutes)


def read_at(minutes: float, likes: int | None) -> Engagement:
    """A post that was read once, at that age."""
    counts = PostMetrics(like_count=likes)
    return Engagement(
        post_id=1, created_at=MADE_AT, metrics=counts, read_at=after(minutes), base=counts, base_at=after(minutes)
    )


def measure(before: Engagement, minutes: float, likes: int | None, scale: float = 1.0) -> Measured | None:
    """What the next reading measures."""
    policy = replace(DEFAULT_POLICY, time_scale=scale)
    reading = read_counts(before, PostMetrics(like_count=likes), now=after(minutes), policy=policy)
    return measured(before, reading, author_id=7, time_scale=scale)


def test_two_readings_measure_a_velocity() -> None:
    """110 likes in ten minutes are 660 acts an hour; the post came into its second quarter of an hour meanwhile."""
    found = measure(read_at(10, 40), 20, 150)

    assert found is not None
    assert (found.velocity, found.acts, found.author_id, found.at) == (660.0, 110, 7, after(20))
    assert (found.band, found.has_come) == (2, True)


def test_within_a_band_no_post_comes_into_it_again() -> None:
    """A second reading at the same age by hours does not count for what is usual."""
    found = measure(read_at(70, 40), 90, 150)

    assert found is not None
    assert (found.band, found.has_come) == (3, False)


@pytest.mark.parametrize(
    ("before", "minutes", "likes"),
    [
        (Engagement(post_id=1, created_at=MADE_AT), 10, 1000),
        (read_at(10, 0), 11.9, 1000),
        (read_at(10, 0), 10, 1000),
        (read_at(10, 0), 9, 1000),
        (read_at(10, None), 20, 1000),
        (read_at(10, 0), 20, None),
    ],
    ids=["first reading", "too soon", "same moment", "late answer", "not known before", "not told now"],
)
def test_what_does_not_measure(before: Engagement, minutes: float, likes: int | None) -> None:
    """One reading, two that are less than two minutes apart, or counts that X left out say nothing of a velocity."""
    assert measure(before, minutes, likes) is None


def test_a_post_that_is_gone_measures_nothing() -> None:
    """X gave no counts."""
    before = read_at(10, 5)

    reading = read_absence(before, PostState.DELETED, now=after(20), policy=DEFAULT_POLICY)

    assert measured(before, reading, author_id=7, time_scale=1.0) is None


def test_a_faster_world_has_the_same_velocities() -> None:
    """With a time scale of a hundredth, six seconds are ten minutes of a post's life."""
    found = measure(read_at(0.1, 40), 0.2, 150, scale=0.01)

    assert found is not None
    assert found.velocity == pytest.approx(660.0)
    assert found.band == 2


@pytest.mark.parametrize(
    ("minutes", "band"), [(0, 0), (4.9, 0), (5, 1), (15, 2), (59, 2), (60, 3), (240, 4), (1440, 5), (10_080, 6)]
)
def test_bands(minutes: float, band: int) -> None:
    """Each band begins at its age."""
    assert band_of(timedelta(minutes=minutes), 1.0) == band


@given(st.lists(VELOCITIES, min_size=1, max_size=50))
def test_what_is_usual_lies_between_the_least_and_the_greatest(velocities: list[float]) -> None:
    """It is a mean; and it counts the posts."""
    usual = None
    for velocity in velocities:
        usual = learned(usual, velocity, times_usual=3)

    assert usual is not None
    assert usual.posts == len(velocities)
    assert -1e-6 <= usual.velocity <= max(velocities) + 1e-6


@given(st.floats(1, 1e6), st.floats(1, 1e9), st.floats(1.5, 20))
def test_a_runaway_post_does_not_become_what_is_usual(usual: float, velocity: float, times: float) -> None:
    """However fast one post was, the same velocity is unusual for the next one if it was for this one by far."""
    after_it = learned(Usual(usual, 100), velocity, times_usual=times)

    assert after_it.velocity <= usual * (1 + (times - 1) / 10) * (1 + 1e-9)


def test_an_account_that_changes_becomes_usual() -> None:
    """After forty posts at a thousandfold, that is what is usual."""
    usual = Usual(1.0, 100)
    for _ in range(80):
        usual = learned(usual, 1000.0, times_usual=3)

    assert surge_of(replace(ONE, velocity=1000.0), usual, sources=(), thresholds=Thresholds(0, 3)) is None


@pytest.mark.parametrize(
    ("velocity", "acts", "usual", "why"),
    [
        (500.0, 100, None, ()),
        (500.1, 100, None, (Why.FAST,)),
        (300.0, 100, Usual(100.0, LEAST_POSTS), ()),
        (300.1, 100, Usual(100.0, LEAST_POSTS), (Why.UNUSUAL,)),
        (300.1, 100, Usual(100.0, LEAST_POSTS - 1), ()),
        (300.1, LEAST_ACTS - 1, Usual(100.0, LEAST_POSTS), ()),
        (40.0, LEAST_ACTS, Usual(0.0, LEAST_POSTS), (Why.UNUSUAL,)),
        (900.0, 100, Usual(100.0, 50), (Why.FAST, Why.UNUSUAL)),
        (900.0, 100, Usual(800.0, 50), (Why.FAST,)),
    ],
)
def test_why_a_post_is_told_of(velocity: float, acts: int, usual: Usual | None, why: tuple[Why, ...]) -> None:
    """Above 500 an hour, above three times what is usual where enough is known of that; at the threshold not yet."""
    found = surge_of(
        replace(ONE, velocity=velocity, acts=acts), usual, sources=("b", "a"), thresholds=Thresholds(500, 3)
    )

    assert (found.why if found else ()) == why
    if found:
        assert (found.id, found.sources) == ("1:2026-11-28", ("a", "b"))


@given(
    st.floats(0, 1e4),
    st.dictionaries(st.sampled_from("abc"), st.integers(1, 10_000)),
    st.lists(st.sampled_from("abcd"), unique=True),
)
def test_the_lowest_threshold_of_the_sources_counts(all_of: float, own: dict[str, int], sources: list[str]) -> None:
    """A source without a threshold of its own has that of all, a post without a source too; 0 is none."""
    found = Thresholds(all_of, 3, own).of(sources)

    of_each = [own.get(one, all_of if all_of > 0 else math.inf) for one in sources]
    assert found == min(of_each or [all_of if all_of > 0 else math.inf])
    assert found >= Thresholds(all_of, 3, own).lowest


@given(VELOCITIES, st.integers(0, 1000), VELOCITIES, st.integers(1, 100))
def test_nothing_is_told_where_both_are_off(velocity: float, acts: int, usual: float, posts: int) -> None:
    """0 and 0: no post is told of."""
    one = replace(ONE, velocity=velocity, acts=acts)

    assert surge_of(one, Usual(usual, posts), sources=("a",), thresholds=Thresholds(0, 0)) is None


def test_the_day_is_that_of_utc() -> None:
    """A post is told of once a UTC day, whatever the clocks of the reader say."""
    late = replace(ONE, at=datetime(2026, 11, 29, 0, 30, tzinfo=UTC).astimezone(UTC))

    found = surge_of(late, None, sources=(), thresholds=Thresholds(500, 3))

    assert found is not None
    assert found.id == "1:2026-11-29"
