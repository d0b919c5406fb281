"""What a call costs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import InputError
from shared.domain.money.prices import LIST_PRICES, MICRO, OBJECTS, Amounts, PriceKind, Prices, posts_of

counts = st.dictionaries(st.sampled_from(PriceKind), st.integers(0, 10**6)).map(Amounts)


def test_a_call_costs_what_it_buys() -> None:
    """Half a cent a post and a counts request, and a cent a user, in whole micro-dollars."""
    bought = Amounts({PriceKind.POST: 100, PriceKind.USER: 3, PriceKind.COUNTS_REQUEST: 1})

    assert Prices().cost_micro(bought) == 500_000 + 30_000 + 5_000


@given(counts, counts)
def test_what_is_given_back_is_what_was_reserved(first: Amounts, second: Amounts) -> None:
    """The cost of both is the sum of the costs, for any amounts: no rounding is lost or won between two moments."""
    prices = Prices()

    assert prices.cost_micro(first + second) == prices.cost_micro(first) + prices.cost_micro(second)


def test_every_kind_has_a_price_and_its_source() -> None:
    """The table is whole; only objects with an id are free when they are returned again."""
    assert set(LIST_PRICES) == set(PriceKind)
    assert all(price.usd * MICRO == round(price.usd * MICRO) and price.source for price in LIST_PRICES.values())
    assert OBJECTS == (PriceKind.POST, PriceKind.USER, PriceKind.OWNED_POST)


def test_a_flat_plan_costs_nothing() -> None:
    """With all prices 0 every call is free."""
    assert Prices(dict.fromkeys(PriceKind, 0.0)).cost_micro(Amounts(dict.fromkeys(PriceKind, 100))) == 0


@pytest.mark.parametrize(("usd", "fault"), [(-0.1, "no negative number"), (0.0000005, "whole micro-dollars")])
def test_a_price_that_cannot_be_counted_is_refused(usd: float, fault: str) -> None:
    """A price below 0 would pay for reading, a part of a micro-dollar would be lost; both name themselves."""
    with pytest.raises(InputError, match=f"price of a user={usd}: expected {fault}"):
        Prices({PriceKind.USER: usd})


def test_a_post_is_a_post_at_any_price() -> None:
    """X's cap of posts counts owned ones too, and nothing else."""
    bought = Amounts({PriceKind.POST: 3, PriceKind.OWNED_POST: 4, PriceKind.USER: 5, PriceKind.COUNTS_REQUEST: 6})

    assert posts_of(bought) == 7
