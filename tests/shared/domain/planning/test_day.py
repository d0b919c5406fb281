"""When a post is bought, by its place."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.planning.day import Basis, Money, due_at
from shared.domain.planning.midnight import Purchases, purchases
from shared.domain.planning.sizes import Model
from shared.domain.planning.tally import Cell, Tally

START = 24.0 * 20_000
BASIS = Basis(
    at=START, money=Money(now=100, whole=150, kept=20), followed=900, typical_count=5.0, model=Model(), span_days=30
)


def made(posts: int = 500) -> Purchases:
    """An order of so many posts, none of which the guard wants."""
    tally = Tally()
    for level in range(posts):
        tally.add(Cell(30, level), 1.0)
    return purchases(tally, BASIS.money.whole, BASIS.rules)


@pytest.mark.parametrize(
    ("place", "hours"),
    [
        (0, 0.0),
        (79.9, 0.0),
        (80, 0.0),
        (90, 12.0),
        (99, 22.8),
        (100, 18.0),
        (149, 18.0),
        (174, 18.0),
        (176, None),
        (None, None),
    ],
)
def test_places_have_their_times(place: float | None, hours: float | None) -> None:
    """80 at once; 20 that are kept, evenly over the day; 50 when floors are given up, and some more behind them."""
    at = due_at(place, BASIS, made())
    assert (None if at is None else at - START) == (None if hours is None else pytest.approx(hours, abs=0.001))


def test_a_plan_that_comes_late_dates_nothing_in_the_past() -> None:
    """At 21:00 all that is left of the day is three hours."""
    late = replace(BASIS, at=START + 21)
    assert [round((due_at(place, late, made()) or 0) - START, 2) for place in (0, 90, 120)] == [21.0, 22.5, 21.0]


def test_without_money_nothing_is_dated() -> None:
    """Not even the spare ones."""
    assert due_at(0, replace(BASIS, money=Money(0, 0)), made()) is None


@given(place=st.floats(0, 600), at=st.floats(0, 23.99), now=st.integers(0, 100), more=st.integers(0, 100))
def test_every_date_is_within_the_day(place: float, at: float, now: int, more: int) -> None:
    """From when the plan was begun, to about the end of the day; a better place is never dated after the last."""
    basis = replace(BASIS, at=START + at, money=Money(now, now + more, min(now, 7)))
    due = due_at(place, basis, made())
    assert due is None or basis.at <= due <= START + 24.001
