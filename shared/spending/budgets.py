"""How full a budget is, and what that stops. Pure.

    open --80 %--> warning --95 %--> background stopped --100 %--> spent

At 80 % people are told. At 95 % quotes, engagement and backfill stop; searches go on, because X forgets after seven
days. At 100 % everything stops but what is free. The limiter enforces it, here it is only named; a class with a share
of its own stops at that, whatever the level.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.models import WorkClass
from shared.ratelimit.classes import BACKGROUND_STOPS, CLASSES
from shared.ratelimit.model import BudgetState, LimiterState, Window
from shared.ratelimit.money import MICRO, Prices
from shared.ratelimit.windows import budget_wait_ms

WARNS_FROM: Final = 0.8
MILLISECOND: Final = timedelta(milliseconds=1)


class Level(StrEnum):
    """From the least full on."""

    OPEN = "open"
    WARNING = "warning"
    BACKGROUND_STOPPED = "background_stopped"
    SPENT = "spent"


# The budgets that a person sets, by the name of their setting.
WINDOWS: Final = {
    "day_usd": Window.DAY_MONEY,
    "month_usd": Window.MONTH_MONEY,
    "month_posts": Window.MONTH_POSTS,
}


def project_budgets(state: LimiterState) -> dict[str, BudgetState]:
    """The budgets that a person sets, by the name of their setting."""
    states = {budget.window: budget for budget in state.budgets if budget.credential_id is None}
    return {name: states[window] for name, window in WINDOWS.items()}


def used_ratio(used: float, limit: float | None) -> float:
    """How full: 0 = empty or without a limit, 1 = spent. A limit of nothing is always spent."""
    if limit is None:
        return 0.0
    return round(used / limit, 9) if limit > 0 else 1.0  # dollars are not binary: 0.08 of 0.1 is 80 %


def level_of(used: float, limit: float | None) -> Level:
    """What a budget stops."""
    ratio = used_ratio(used, limit)
    if ratio >= 1:
        return Level.SPENT
    if ratio >= BACKGROUND_STOPS:
        return Level.BACKGROUND_STOPPED
    return Level.WARNING if ratio >= WARNS_FROM else Level.OPEN


def held_back(
    budgets: Mapping[str, BudgetState], shares: Mapping[WorkClass, float], prices: Prices, now: datetime
) -> frozenset[WorkClass]:
    """The classes that could not buy one post now, by the limiter's own rule: what they want is not worth a job.

    budgets: by the name of their setting. shares: the parts that hold. now: within the day and month of the budgets.
    """
    return frozenset(
        work_class
        for work_class in WorkClass
        if any(_waits(work_class, budget, shares.get(work_class, 1.0), prices, now) for budget in budgets.values())
    )


def _waits(work_class: WorkClass, budget: BudgetState, share: float, prices: Prices, now: datetime) -> bool:
    is_posts = budget.window is Window.MONTH_POSTS
    unit = 1 if is_posts else MICRO
    amount = 1 if is_posts else round(prices.post_usd * MICRO)
    if budget.limit is None or amount == 0:
        return False
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    is_day = budget.window is Window.DAY_MONEY
    starts = midnight if is_day else midnight.replace(day=1)
    span = timedelta(days=1 if is_day else monthrange(now.year, now.month)[1])
    wait = budget_wait_ms(
        work_class,
        round(budget.limit * unit),
        round(budget.used * unit),
        [round(budget.used_by_class[one] * unit) for one in CLASSES],
        amount,
        (starts + span - now) / MILLISECOND,
        span / MILLISECOND,
        share=share,
    )
    return wait > 0
