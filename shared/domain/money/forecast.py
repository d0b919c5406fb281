"""What will have been spent when the day and the month end, if things go on as they did. Pure.

Work is of two kinds. What goes on day by day (search, quotes, engagement) is a rate. One-off work (the first sweep of
what was followed with --since, what a person asks for) is no rate: what was spent on it is spent, and what is left of
it comes on top, as soon as it can be bought.

Method, for what goes on. A day has a shape: the part of its money that falls into each UTC hour, from the last whole
days, mixed with one flat day (after midnight everything costs again, so days are not flat). A day has a level: what it
costs whole. Today's is what was spent so far divided by the part of the day that has passed, drawn towards the mean of
the last days as strongly as two hours of today draw the other way. The forecast is all that was spent, what is left of
one-off work, and the level times what is left of the shape. The month adds, for each day left, the mean of the last
days and today, both without one-off work.
Without whole days before, the shape is flat and the level that of the hours since the first spending, one at least.

Money is in micro-dollars. Invariant: nothing is forecast below what was spent, and at the end both are equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.domain.days import midnight

HOURS: Final = 24
HISTORY_DAYS: Final = 7
PRIOR_SHARE: Final = 2 / 24  # how much of a day's shape the days before weigh against today
FLAT: Final = (1 / HOURS,) * HOURS

Hours = Sequence[float]  # money by UTC hour of one day


@dataclass(frozen=True, slots=True)
class Forecast:
    """spent: so far. total: at the end, if nothing stops it. reached_at: when the limit is met, None if it is not."""

    spent: float
    total: float
    reached_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """How a day goes on from `now`: what was spent on what goes on, what a whole day of it costs (`level`), its shape.

    once: spent today on one-off work. left: what is left of that.
    """

    now: datetime
    recurring: float
    level: float
    shape: tuple[float, ...]
    once: float = 0.0
    left: float = 0.0

    @property
    def spent(self) -> float:
        """All of today so far."""
        return self.recurring + self.once

    @property
    def whole_day(self) -> float:
        """What goes on will have cost at midnight."""
        return self.recurring + self.level * (1 - passed(self.shape, self.now))

    @property
    def total(self) -> float:
        """All of today at midnight."""
        return self.whole_day + self.once + self.left

    def reached_at(self, limit: float | None) -> datetime | None:
        """When the day's spending meets `limit`; None where it does not before midnight.

        Now where it has, or where what is left of one-off work is enough for it: that waits for nothing.
        """
        if limit is None or self.total < limit:
            return None
        soon = self.spent + self.left
        if soon >= limit or self.level <= 0:
            return self.now
        share = passed(self.shape, self.now) + (limit - soon) / self.level
        return max(self.now, midnight(self.now) + timedelta(hours=_hour_of(self.shape, share)))


def course_of(now: datetime, today: Hours, days: Sequence[Hours], *, once: float = 0.0, left: float = 0.0) -> Course:
    """How today goes on. Raises nothing; no money at all is a course too.

    today, days: of what goes on; days are whole ones before today, in any order. once, left: of one-off work.
    """
    spent, shape = sum(today), shape_of(days)
    gone = passed(shape, now)
    if days:
        mean = sum(map(sum, days)) / len(days)
        return Course(now, spent, (spent + PRIOR_SHARE * mean) / (gone + PRIOR_SHARE), shape, once, left)
    first = next((hour for hour, money in enumerate(today) if money), now.hour)
    return Course(now, spent, spent / max(gone - first / HOURS, 1 / HOURS), shape, once, left)


def of_day(course: Course, limit: float | None = None) -> Forecast:
    """The day. limit: its budget."""
    return Forecast(course.spent, course.total, course.reached_at(limit))


def of_month(course: Course, before: float, days: Sequence[Hours], limit: float | None = None) -> Forecast:
    """The calendar month. before: all that was spent in it on the days before today. limit: its budget."""
    left = (_next_month(course.now) - midnight(course.now)).days - 1
    day = (sum(map(sum, days)) + course.whole_day) / (len(days) + 1)
    spent = before + course.spent
    total = before + course.total + left * day
    if limit is None or total < limit:
        return Forecast(spent, total)
    today = course.reached_at(limit - before)
    if today is not None or day <= 0:
        return Forecast(spent, total, today or course.now)
    more = (limit - before - course.total) / day  # whole and part days after today
    return Forecast(spent, total, midnight(course.now) + timedelta(days=1 + more))


def whole_days(days: Sequence[Hours]) -> list[Hours]:
    """Those of the days before today, oldest first, that count: from the second with spending on, at most a week.

    The first one may not have been whole.
    """
    first = next((number for number, hours in enumerate(days) if sum(hours)), len(days))
    return list(days[first + 1 :])[-HISTORY_DAYS:]


def shape_of(days: Sequence[Hours]) -> tuple[float, ...]:
    """The part of a day's money in each hour; sums to 1, and no hour has nothing."""
    total = sum(map(sum, days))
    if total <= 0:
        return FLAT
    flat = total / len(days) / HOURS  # one flat day among them
    by_hour = [sum(hours[hour] for hours in days) + flat for hour in range(HOURS)]
    return tuple(money / sum(by_hour) for money in by_hour)


def passed(shape: Sequence[float], now: datetime) -> float:
    """The part of the day's shape that has gone by."""
    within = (now.minute * 60 + now.second + now.microsecond / 1e6) / 3600
    return min(1.0, sum(shape[: now.hour]) + shape[now.hour] * within)


def _hour_of(shape: Sequence[float], share: float) -> float:
    """The hour of the day, with its fraction, at which that part of the shape has gone by."""
    gone = 0.0
    for hour, part in enumerate(shape):
        if gone + part >= share:
            return hour + (share - gone) / part
        gone += part
    return float(HOURS)


def _next_month(now: datetime) -> datetime:
    return (midnight(now).replace(day=1) + timedelta(days=32)).replace(day=1)
