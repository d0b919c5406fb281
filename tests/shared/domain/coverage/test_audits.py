"""X's count beside what is stored, without servers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.coverage.audits import affordable, compare, whole_seconds
from shared.domain.coverage.counted import CountedStep
from shared.domain.coverage.gaps import GapReason, Unread, note

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def steps(*counts: int) -> list[CountedStep]:
    """An hour each, from noon on."""
    return [CountedStep(NOON + n * HOUR, NOON + (n + 1) * HOUR, count) for n, count in enumerate(counts)]


def test_each_post_belongs_to_its_hour() -> None:
    """The first moment of an hour is in it, what lies before all is in none, what is gone is told apart."""
    times = [(NOON - MINUTE, False), (NOON, False), (NOON + HOUR, False), (NOON + HOUR, True), (NOON + 2 * HOUR, False)]

    found = compare(steps(1, 2, 1), times, [])

    assert [(hour.stored, hour.gone, hour.missing) for hour in found.hours] == [(1, 0, 0), (1, 1, 1), (1, 0, 0)]
    assert (found.counted, found.stored, found.gone, found.missing, found.unexplained) == (4, 3, 1, 1, 1)


def test_more_in_one_hour_makes_up_for_nothing() -> None:
    """As many are stored as are counted, and two are missing."""
    found = compare(steps(3, 1), [(NOON, False), *[(NOON + HOUR, False)] * 3], [])

    assert (found.counted, found.stored, found.missing) == (4, 4, 2)


def test_what_is_missing_in_an_hour_with_a_gap_is_explained() -> None:
    """A gap that touches an hour explains it, and not the next one, before which it ends."""
    span = Unread(NOON + 30 * MINUTE, NOON + HOUR, GapReason.PAGE_LOST)
    gap = note(span, stream="s", members=["a"], now=NOON)

    found = compare(steps(2, 2), [], [gap])

    assert [hour.in_gap for hour in found.hours] == [True, False]
    assert (found.missing, found.unexplained) == (4, 2)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=9))
def test_what_is_missing_is_never_less_than_the_difference(hours: list[tuple[int, int]]) -> None:
    """And all of it is of some hour."""
    times = [(NOON + n * HOUR, False) for n, (_, stored) in enumerate(hours) for _ in range(stored)]

    found = compare(steps(*(counted for counted, _ in hours)), times, [])

    assert found.missing >= found.counted - found.stored
    assert found.missing == sum(max(0, counted - stored) for counted, stored in hours)


def test_only_whole_seconds_are_compared() -> None:
    """Those that lie in the span as a whole; none may be left."""
    half = timedelta(milliseconds=500)

    assert whole_seconds(NOON, NOON + HOUR) == (NOON, NOON + HOUR)
    assert whole_seconds(NOON - half, NOON + HOUR + half) == (NOON, NOON + HOUR)
    assert whole_seconds(NOON, NOON + half) is None


@pytest.mark.parametrize(
    ("budget", "price", "count"),
    [(0, 5_000, 0), (4_999, 5_000, 0), (50_000, 5_000, 10), (50_000, 0, 99), (10**9, 1, 99)],
)
def test_a_budget_allows_whole_counts(budget: int, price: int, count: int) -> None:
    """In micro-dollars; what costs nothing is bounded too."""
    assert affordable(budget, price, 99) == count
