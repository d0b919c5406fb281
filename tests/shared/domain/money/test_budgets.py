"""What may be spent."""

from __future__ import annotations

import pytest

from shared.domain.errors import InputError
from shared.domain.money.budgets import Budgets


@pytest.mark.parametrize("name", ["day_usd", "month_usd", "month_requests", "month_posts"])
def test_a_negative_budget_is_refused(name: str) -> None:
    """A budget below 0 names itself."""
    with pytest.raises(InputError, match=f"{name}=-1"):
        Budgets(**{name: -1})  # type: ignore[arg-type]
