"""The forecast: never below what was spent, exact where things go on evenly, and it knows when a budget is met."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.money.forecast import FLAT, Course, course_of, of_day, of_month, passed, shape_of, whole_days

MIDNIGHT = datetime(2026, 11, 10, tzinfo=UTC)
money = st.integers(0, 10**9)
hours = st.lists(money, min_size=6, max_size=6).map(lambda six: tuple(six) * 4)  # the same six hours, four times
histories = st.lists(hours, max_size=4)
seconds = st.integers(0, 86_399)


def so_far(day: tuple[int, ...], now: datetime) -> list[float]:
    """A day's money up to now, if each hour spends evenly."""
    part = (now.minute * 60 + now.second) / 3600
    return [money * (1.0 if hour < now.hour else part if hour == now.hour else 0.0) for hour, money in enumerate(day)]


@given(today=hours, days=histories, second=seconds, before=money, limit=st.none() | money, once=money, left=money)
def test_nothing_is_forecast_below_what_was_spent(
    today: tuple[int, ...],
    days: list[tuple[int, ...]],
    second: int,
    before: int,
    limit: int | None,
    once: int,
    left: int,
) -> None:
    """Day and month end at least where they stand, the month at least where the day does, and limits lie ahead."""
    now = MIDNIGHT + timedelta(seconds=second)
    course = course_of(now, so_far(today, now), days, once=once, left=left)

    day, month = of_day(course, limit), of_month(course, before, days, limit)

    assert day.total >= day.spent + left - 1e-3
    assert day.spent >= once
    assert month.total >= before + day.total - 1e-3
    for one, end in ((day, MIDNIGHT + timedelta(days=1)), (month, datetime(2026, 12, 1, tzinfo=UTC))):
        assert (one.reached_at is not None) == (limit is not None and one.total >= limit)
        if one.reached_at is not None:
            assert now <= one.reached_at <= end + timedelta(seconds=1)


@given(rate=st.integers(1, 10**7), second=st.integers(3600, 86_399), days=st.integers(0, 7))
def test_an_even_day_is_forecast_exactly(rate: int, second: int, days: int) -> None:
    """The same money every hour, yesterday and today: the day and the month end where arithmetic says."""
    now = MIDNIGHT + timedelta(seconds=second)
    even = (rate,) * 24
    course = course_of(now, so_far(even, now), [even] * days)

    assert of_day(course).total == pytest.approx(24 * rate)
    assert of_month(course, 9 * 24 * rate, [even] * days).total == pytest.approx(30 * 24 * rate)


@given(day=hours, second=st.integers(0, 86_399))
def test_a_day_like_the_days_before_is_forecast_by_their_shape(day: tuple[int, ...], second: int) -> None:
    """A day that repeats itself is forecast within the weight of the one flat day in its shape."""
    now = MIDNIGHT + timedelta(seconds=second)
    course = course_of(now, so_far(day, now), [day] * 7)

    flat_weight = 1 / 8
    assert abs(course.total - sum(day)) <= sum(day) * flat_weight / (2 / 24) + 1e-3


@given(today=hours, days=histories, second=seconds, factor=st.integers(2, 1000))
def test_the_forecast_has_no_unit(
    today: tuple[int, ...], days: list[tuple[int, ...]], second: int, factor: int
) -> None:
    """All money times a factor: the forecast times the same factor."""
    now = MIDNIGHT + timedelta(seconds=second)
    one = course_of(now, so_far(today, now), days)
    more = course_of(now, [factor * m for m in so_far(today, now)], [[factor * m for m in day] for day in days])

    assert more.total == pytest.approx(factor * one.total)


@given(today=hours, days=histories, second=seconds, before=money, once=money, left=money)
def test_one_off_work_is_no_rate(
    today: tuple[int, ...], days: list[tuple[int, ...]], second: int, before: int, once: int, left: int
) -> None:
    """What was spent on it and what is left of it raise the day and the month by themselves, and by nothing more."""
    now = MIDNIGHT + timedelta(seconds=second)
    plain = course_of(now, so_far(today, now), days)
    busy = course_of(now, so_far(today, now), days, once=once, left=left)

    assert of_day(busy).total == pytest.approx(of_day(plain).total + once + left)
    more = of_month(busy, before, days).total - of_month(plain, before, days).total
    assert more == pytest.approx(once + left, rel=1e-6, abs=1e-2)


@given(once=money, left=money, second=seconds, done=st.floats(0, 1))
def test_the_forecast_stays_while_one_off_work_is_done(once: int, left: int, second: int, done: float) -> None:
    """Money that goes from what is left to what was spent changes nothing."""
    now = MIDNIGHT + timedelta(seconds=second)
    before = course_of(now, [0.0] * 24, [], once=once, left=left)
    after = course_of(now, [0.0] * 24, [], once=once + left * done, left=left - left * done)

    assert after.total == pytest.approx(before.total)


@given(today=hours, days=histories)
def test_at_the_end_of_the_day_the_forecast_is_what_was_spent(
    today: tuple[int, ...], days: list[tuple[int, ...]]
) -> None:
    """In the last second nothing more is expected."""
    now = MIDNIGHT + timedelta(days=1) - timedelta(microseconds=1)
    course = course_of(now, today, days)

    assert course.total == pytest.approx(sum(today), rel=1e-6, abs=1.0)


@given(days=histories)
def test_a_shape_is_whole(days: list[tuple[int, ...]]) -> None:
    """The parts of a day sum to one, and none is empty, so every limit can be placed."""
    shape = shape_of(days)

    assert sum(shape) == pytest.approx(1.0)
    assert min(shape) > 0


@given(spent=money, level=money, second=seconds, limit=money, once=money, left=money)
def test_the_limit_is_met_where_the_course_meets_it(
    spent: int, level: int, second: int, limit: int, once: int, left: int
) -> None:
    """At the moment it names, the course has spent the limit, if what is left of one-off work is bought first."""
    course = Course(MIDNIGHT + timedelta(seconds=second), spent, level, FLAT, once, left)
    at = course.reached_at(limit)

    spent += once + left
    if at is not None and spent < limit and at < MIDNIGHT + timedelta(days=1):
        gone = passed(FLAT, at) - passed(FLAT, course.now)
        assert spent + level * gone == pytest.approx(limit, rel=1e-6, abs=level * 1e-9 + 1e-3)


def test_nothing_spent_forecasts_nothing() -> None:
    """Without any history and any spending there is nothing to expect and no division by it."""
    course = course_of(MIDNIGHT, [0.0] * 24, [])

    assert (of_day(course, 5.0).total, of_month(course, 0, [], 5.0).total) == (0, 0)
    assert of_day(course, 5.0).reached_at is None
    assert of_day(course, 0.0).reached_at == MIDNIGHT


def test_who_begins_in_the_afternoon_is_forecast_from_there() -> None:
    """Without days before, the hours before the first spending do not dilute the rate."""
    now = MIDNIGHT + timedelta(hours=17)
    today = [0.0] * 16 + [600.0] + [0.0] * 7

    assert course_of(now, today, []).total == pytest.approx(600 + 7 * 600)


def test_the_month_meets_its_limit_on_a_later_day() -> None:
    """An even month of 100 a day has spent 1,500 at the end of its fifteenth day."""
    now = MIDNIGHT + timedelta(hours=12)
    even = (100 / 24,) * 24
    days = [even] * 7
    course = course_of(now, [100 / 24] * 12 + [0.0] * 12, days)

    assert of_month(course, 900, days, 1_500).reached_at == datetime(2026, 11, 16, tzinfo=UTC)


def test_the_first_day_of_spending_does_not_count() -> None:
    """Days before any spending and the first one, which may not have been whole, are left out."""
    none, some = (0.0,) * 24, (1.0,) * 24

    assert whole_days([none, none, some, none, some]) == [none, some]
    assert whole_days([none] * 8) == []
    assert len(whole_days([some] * 30)) == 7


def test_a_finished_history_is_not_extrapolated() -> None:
    """Four dollars for what was posted before, cents for the quarter of an hour since: cents are to come."""
    now = MIDNIGHT + timedelta(hours=15, minutes=15)
    today = [0.0] * 15 + [20_000.0] + [0.0] * 8

    course = course_of(now, today, [], once=4_000_000)

    assert 4_020_000 < of_day(course, 5_000_000).total < 4_800_000
    assert of_day(course, 5_000_000).reached_at is None
