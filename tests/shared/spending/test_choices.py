"""The budgets that a person set, in MongoDB."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from shared.domain.errors import InputError
from shared.domain.models import WorkClass
from shared.domain.money.budgets import ChosenBudgets
from shared.spending.choices import BudgetChoices
from shared.stores.database import Db
from shared.stores.state import StateStore


@pytest.fixture
def choices(mongo_db: Db) -> BudgetChoices:
    """Nothing chosen."""
    return BudgetChoices(StateStore(mongo_db))


def test_choices_are_added_and_taken_back(choices: BudgetChoices) -> None:
    """Each choice stands beside those before, none stands for no limit, and what is forgotten is gone."""
    first = choices.load()
    choices.choose({"day_usd": 2.5, "month_usd": None}, {WorkClass.ENGAGEMENT: 0.5})
    choices.choose({"day_usd": 3.0}, {WorkClass.BACKFILL: 0.1})
    all_of_them = choices.load()
    choices.forget(["day_usd", "month_posts"], [WorkClass.ENGAGEMENT])

    assert first == ChosenBudgets()
    assert all_of_them == ChosenBudgets(
        {"day_usd": 3.0, "month_usd": None}, {WorkClass.ENGAGEMENT: 0.5, WorkClass.BACKFILL: 0.1}
    )
    assert choices.load() == ChosenBudgets({"month_usd": None}, {WorkClass.BACKFILL: 0.1})


@pytest.mark.parametrize(
    ("limits", "shares"), [({"week_usd": 1.0}, {}), ({"day_usd": -1.0}, {}), ({}, {WorkClass.SEARCH: 2.0})]
)
def test_what_is_no_budget_is_not_kept(
    choices: BudgetChoices, limits: Mapping[str, float], shares: Mapping[WorkClass, float]
) -> None:
    """A wrong value leaves what was chosen before."""
    choices.choose({"day_usd": 1.0}, {})

    with pytest.raises(InputError):
        choices.choose(limits, shares)

    assert choices.load() == ChosenBudgets({"day_usd": 1.0})
