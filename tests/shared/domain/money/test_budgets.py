"""Prices and budgets."""

from __future__ import annotations

import pytest

from shared.domain.errors import InputError
from shared.domain.money.budgets import Budgets, Prices


def test_a_call_costs_what_its_objects_cost() -> None:
    """Half a cent a post and a cent a user, in whole micro-dollars."""
    assert Prices().cost_micro("search/recent", posts=100, users=3) == 500_000 + 30_000


def test_some_endpoints_cost_by_request() -> None:
    """A counts request has a price of its own, but not when X answered an error."""
    assert Prices().cost_micro("counts/recent", posts=0, users=0) == 5_000
    assert Prices().cost_micro("counts/recent", posts=0, users=0, is_failure=True) == 0


def test_a_flat_plan_costs_nothing() -> None:
    """With all prices 0 every call is free."""
    assert Prices(0, 0, {}).cost_micro("counts/recent", posts=100, users=100) == 0


@pytest.mark.parametrize("name", ["day_usd", "month_usd", "month_requests", "month_posts"])
def test_a_negative_budget_is_refused(name: str) -> None:
    """A budget below 0 names itself."""
    with pytest.raises(InputError, match=f"{name}=-1"):
        Budgets(**{name: -1})  # type: ignore[arg-type]


def test_a_negative_price_is_refused() -> None:
    """A price below 0 would give money back for reading."""
    with pytest.raises(InputError, match=r"post_usd=-0\.1"):
        Prices(post_usd=-0.1)
    with pytest.raises(InputError, match="search=-1"):
        Prices(request_usd={"search": -1})
