"""What is left of one-off work: counted where it is known, and by the sweep's own rate where it has one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.money.estimate import Rates, rates_of
from shared.domain.money.one_off import TELLING, FirstSweep, OneOff
from shared.domain.money.prices import Prices

SINCE = datetime(2026, 11, 10, tzinfo=UTC)
spans = st.floats(1, 7 * 86_400)
parts = st.floats(0, 1)


def rates() -> Rates:
    """48 posts a day of each account, half of them by somebody new."""
    return rates_of(accounts=1, days=1, search_posts=48, looked_up=24, quotes=0, paid_days=30, looks_a_day=1)


def sweep(span: float, part: float, posts: int, accounts: int = 3) -> FirstSweep:
    """A sweep that has read that part of its seconds."""
    until = SINCE + timedelta(seconds=span)
    reached = until - timedelta(seconds=span * part)
    return FirstSweep(accounts=accounts, since=SINCE, until=until, reached=reached, posts=posts)


@given(span=spans, part=parts, posts=st.integers(0, 10**6), rate=st.floats(0, 10**4))
def test_what_is_left_is_never_negative_and_ends(span: float, part: float, posts: int, rate: float) -> None:
    """At its begin a sweep has nothing left, also one that read past it."""
    assert sweep(span, part, posts).posts_left(rate) >= 0
    assert sweep(span, 1, posts).posts_left(rate) == pytest.approx(0, abs=1e-2)
    assert sweep(span, 1.5, posts).posts_left(rate) == 0


@given(span=st.floats(3600, 7 * 86_400), part=st.floats(0.01, 1), total=st.integers(TELLING * 100, 10**6))
def test_an_even_sweep_has_the_same_total_at_every_page(span: float, part: float, total: int) -> None:
    """What it has seen and what is left are all there is, whatever rate was measured elsewhere."""
    seen = round(total * part)
    left = sweep(span, part, seen).posts_left(123.0)

    assert seen + left == pytest.approx(seen / part, rel=1e-3)


def test_a_sweep_that_has_not_begun_goes_by_the_measured_rate() -> None:
    """Three accounts, two hours, 48 posts a day of each: twelve posts; so does one that has seen few."""
    assert sweep(7200, 0, 0).posts_left(48) == pytest.approx(12)
    assert sweep(7200, 0.5, TELLING - 1).posts_left(48) == pytest.approx(6)


def test_what_is_left_has_a_price() -> None:
    """Posts, and the accounts behind half of them; what somebody waits for is apart."""
    left = OneOff(waited_for=4, names=2, authors=5, sweeps=[sweep(7200, 0, 0), sweep(7200, 1, 12)])

    assert left.of_people(Prices()) == 4 * 5_000 + 2 * 10_000
    assert left.of_history(rates(), Prices()) == pytest.approx(12 * (5_000 + 0.5 * 10_000) + 5 * 10_000)
    assert (OneOff().of_people(Prices()), OneOff().of_history(rates(), Prices())) == (0, 0)
