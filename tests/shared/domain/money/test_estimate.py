"""Estimates: arithmetic on prices and rates, nothing for nothing, and what was bought today is free."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.money.estimate import (
    MONTH_DAYS,
    Rate,
    Rates,
    Sample,
    newcomers,
    of_refresh,
    of_track,
    rates_of,
    unseen_authors,
)
from shared.domain.money.prices import PriceKind, Prices

PRICES = Prices()
HOUR = timedelta(hours=1)
numbers = st.floats(0, 1_000, allow_nan=False)
rates = st.builds(
    lambda posts, authors, days, quotes, looks: Rates(
        posts_a_day=Rate(posts, ""),
        new_authors=Rate(authors, ""),
        paid_days=Rate(days, ""),
        quotes=Rate(quotes, ""),
        looks_a_day=Rate(looks, ""),
    ),
    numbers,
    st.floats(0, 1),
    st.integers(0, 40),
    st.floats(0, 3),
    st.floats(0, 1),
)
spans = st.integers(0, 7 * 24).map(lambda hours: hours * HOUR)


def even(**changes: float) -> Rates:
    """10 posts a day, every second author new, two later days, no quotes, a look a day."""
    values = {"posts_a_day": 10.0, "new_authors": 0.5, "paid_days": 2.0, "quotes": 0.0, "looks_a_day": 1.0, **changes}
    return Rates(**{name: Rate(value, "") for name, value in values.items()})


def test_following_is_added_up() -> None:
    """Two accounts from a day ago on, by hand."""
    estimate = of_track(2, 1, timedelta(days=1), even(), PRICES)

    a_day = 20 * (5_000 + 5_000)
    assert estimate.once == 10_000 + a_day
    assert estimate.first_day == a_day
    assert estimate.later_day == a_day + 2 * 20 * 5_000 + 2 * 10_000
    rereads = (0 + 1 + 28 * 2) * 20 * 5_000
    assert estimate.run == estimate.once
    assert estimate.month == estimate.once + MONTH_DAYS * a_day + rereads + (MONTH_DAYS - 1) * 2 * 10_000


def test_what_x_counted_takes_the_place_of_the_rate() -> None:
    """The history is as long as X says; the days to come go by the rate; quotes are not of the command's own jobs."""
    rated = of_track(2, 0, timedelta(days=1), even(quotes=1.0), PRICES)
    counted = of_track(2, 0, timedelta(days=1), even(quotes=1.0), PRICES, history=100)

    assert counted.once == 20_000 + 100 * (5_000 + 5_000 + 5_000)
    assert counted.run == 20_000 + 100 * (5_000 + 5_000)
    assert counted.first_day == rated.first_day


@given(posts=st.integers(0, 10**6), rate=st.floats(0, 1), unseen=st.floats(0, 10**4))
def test_new_authors_are_never_more_than_there_are(posts: int, rate: float, unseen: float) -> None:
    """Nor more than posts times the rate; without a number of those there are it is that."""
    known = replace(even(new_authors=rate), unseen=unseen)

    assert 0 <= newcomers(posts, known) <= min(unseen, posts * rate) * (1 + 1e-6) + 1e-6
    assert newcomers(posts, even(new_authors=rate)) == pytest.approx(posts * rate)


@given(accounts=st.integers(1, 500), since=spans, given_rates=rates, factor=st.integers(2, 50))
def test_following_is_linear_and_ordered(accounts: int, since: timedelta, given_rates: Rates, factor: int) -> None:
    """More accounts cost that many times as much; a later day costs no less than the first, a month no less than 30."""
    one = of_track(accounts, 0, since, given_rates, PRICES)
    many = of_track(accounts * factor, 0, since, given_rates, PRICES)

    assert many.month == pytest.approx(factor * one.month, abs=factor)
    assert 0 <= one.first_day <= one.later_day
    assert one.month >= one.once + MONTH_DAYS * one.first_day - MONTH_DAYS


@given(since=spans, given_rates=rates)
def test_nothing_costs_nothing(since: timedelta, given_rates: Rates) -> None:
    """No account, or no price: no cost."""
    free = Prices({PriceKind.POST: 0, PriceKind.USER: 0})

    for estimate in (of_track(0, 0, since, given_rates, PRICES), of_track(9, 0, since, given_rates, free)):
        assert (estimate.once, estimate.first_day, estimate.later_day, estimate.month) == (0, 0, 0, 0)


@given(posts=st.integers(0, 10_000), data=st.data())
def test_a_refresh_buys_what_was_not_bought_today(posts: int, data: st.DataObject) -> None:
    """Every post costs once a day, and every second unknown one a new author; a call takes a hundred."""
    bought, unknown = data.draw(st.integers(0, posts)), data.draw(st.integers(0, posts))

    estimate = of_refresh(posts, bought, PRICES, unknown=unknown, rates=even())

    assert estimate.cost == (posts - bought) * 5_000 + unknown * 5_000
    assert (estimate.calls - 1) * 100 < posts <= estimate.calls * 100 or posts == estimate.calls == 0


def test_rates_are_measured_where_there_is_something_to_measure() -> None:
    """Whole days with accounts and posts give rates and say so; anything less is an assumption that says so."""
    measured = rates_of(accounts=4, days=5, search_posts=2_000, looked_up=500, quotes=100, paid_days=30, looks_a_day=1)
    assumed = rates_of(accounts=0, days=5, search_posts=2_000, looked_up=500, quotes=100, paid_days=30, looks_a_day=1)

    assert (measured.posts_a_day.value, measured.new_authors.value, measured.quotes.value) == (100.0, 0.25, 0.05)
    assert measured.posts_a_day.basis == "measured over 5 days and 4 accounts"
    assert assumed.posts_a_day.basis.startswith("assumed")
    assert assumed.paid_days.value == 30


def test_a_sample_tells_how_many_people_wrote() -> None:
    """Ten posts of seven people, four of whom wrote one: those, and of the other ninety posts ever fewer."""
    sample = Sample.of(10, [1, 1, 2, 2, 3, 3, 4, 5, 6, 7])

    estimate = of_track(1, 0, timedelta(days=1), sample.over(even()), PRICES, history=100, sample=sample)

    assert (sample.authors, sample.once, sample.twice, unseen_authors(4, 3)) == (7, 4, 3, 1.5)
    more = (estimate.run - 10_000 - 100 * 5_000) / 10_000 - 7
    assert 1.4 < more <= 1.5


@given(authors=st.lists(st.integers(0, 12), max_size=60), more=st.integers(0, 10_000))
def test_a_sample_never_tells_of_fewer_people_than_it_met(authors: list[int], more: int) -> None:
    """Nor of more than there are posts."""
    sample = Sample.of(len(authors), authors)
    history = len(authors) + more

    run = of_track(0, 0, timedelta(0), sample.over(even()), PRICES, history=history, sample=sample).run

    people = (run - history * 5_000) / 10_000
    assert len(set(authors)) - 1e-3 <= people <= history + 1e-3
