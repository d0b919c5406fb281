"""How many posts may be bought today."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.domain.models import WorkClass
from shared.domain.planning.day import Money
from shared.ratelimit.model import BudgetState, Window
from shared.spending.allowance import is_of_the_day, posts_today

NOW = datetime(2026, 4, 21, tzinfo=UTC)  # ten days of the month are left
ENGAGEMENT, SEARCH = WorkClass.ENGAGEMENT, WorkClass.SEARCH


def budget(window: Window, limit: float | None, **used: float) -> BudgetState:
    """What is used, by class."""
    by_class = {WorkClass(name): amount for name, amount in used.items()}
    return BudgetState(window, None, limit, sum(used.values()), by_class, 3_600.0)


def money(*budgets: BudgetState, **more: Any) -> Money:
    """Of ten thousand posts, at half a cent."""
    given: dict[str, Any] = {"share": 1.0, "post_micro_usd": 5_000, "others_posts": 0.0, "now": NOW, "most": 10_000}
    return posts_today(ENGAGEMENT, {str(number): one for number, one in enumerate(budgets)}, **(given | more))


def test_without_a_limit_all_are_bought() -> None:
    """And where a post costs nothing."""
    assert money(budget(Window.DAY_MONEY, None)) == Money(10_000, 10_000)
    assert money(budget(Window.DAY_MONEY, 1.0), post_micro_usd=0) == Money(10_000, 10_000)


def test_floors_of_more_urgent_work_are_held_now() -> None:
    """Of $10 half are free at midnight, 1,000 posts; in the day all but the last twentieth."""
    assert money(budget(Window.DAY_MONEY, 10.0)) == Money(1_000, 1_900)


def test_what_others_will_spend_is_left_to_them() -> None:
    """As much as yesterday; but never more than is held for them."""
    assert money(budget(Window.DAY_MONEY, 10.0), others_posts=500) == Money(1_000, 1_400)
    assert money(budget(Window.DAY_MONEY, 10.0), others_posts=5_000) == Money(1_000, 1_000)


def test_a_share_is_the_most() -> None:
    """A fifth of $10 are 400 posts; what the class has spent of it is gone."""
    assert money(budget(Window.DAY_MONEY, 10.0), share=0.2) == Money(400, 400)
    assert money(budget(Window.DAY_MONEY, 10.0, engagement=0.5), share=0.2) == Money(300, 300)


def test_what_searches_spent_of_their_floor_is_not_held_again() -> None:
    """$3 of $10 by searches: their floor is used up, and half of the money is still free."""
    assert money(budget(Window.DAY_MONEY, 10.0, search=3.0)) == Money(1_000, 1_300)


def test_of_a_month_a_day_has_its_part() -> None:
    """30,000 posts in a month of which ten days are left: 1,500 are free a day, 2,850 in all."""
    assert money(budget(Window.MONTH_POSTS, 30_000)) == Money(1_500, 2_850)


@pytest.mark.parametrize("spent", [10.0, 12.0])
def test_nothing_is_left_of_what_is_spent(spent: float) -> None:
    """Nor less than nothing."""
    assert money(budget(Window.DAY_MONEY, 10.0, search=spent)) == Money(0, 0)


def test_the_smallest_budget_decides() -> None:
    """A day's and a month's; calls are no money."""
    budgets = budget(Window.DAY_MONEY, 100.0), budget(Window.MONTH_POSTS, 3_000), budget(Window.MONTH_REQUESTS, 1)
    assert money(*budgets) == Money(150, 285)


@pytest.mark.parametrize(
    ("now", "resets_in_seconds", "expected"),
    [
        (NOW, 86_400.0, True),
        (NOW + timedelta(seconds=2), 3.0, False),
        (NOW - timedelta(seconds=2), 86_397.0, False),
        (NOW - timedelta(seconds=2), 1.0, True),
        (NOW + timedelta(hours=12), 43_000.0, True),
        (NOW + timedelta(seconds=2), 0.0, True),
    ],
    ids=["midnight", "the limiter is behind", "the limiter is ahead", "before midnight", "noon", "its day has ended"],
)
def test_around_midnight_the_limiter_may_be_in_another_day(
    now: datetime, resets_in_seconds: float, *, expected: bool
) -> None:
    """By the clock of Redis, which is not X's."""
    one = BudgetState(Window.DAY_MONEY, None, 1.0, 0.0, {}, resets_in_seconds)
    month = BudgetState(Window.MONTH_POSTS, None, 1.0, 0.0, {}, 9 * 86_400.0)
    assert is_of_the_day({"day_usd": one, "month_posts": month}, now) is expected
