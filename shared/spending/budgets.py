"""How full a budget is, and what that stops. Pure.

    open --80 %--> warning --95 %--> background stopped --100 %--> spent

At 80 % people are told. At 95 % quotes, engagement and backfill stop; searches go on, because X forgets after seven
days. At 100 % everything stops but what is free. The limiter enforces it, here it is only named; a class with a share
of its own stops at that, whatever the level.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from shared.ratelimit.classes import BACKGROUND_STOPS
from shared.ratelimit.model import BudgetState, LimiterState, Window

WARNS_FROM: Final = 0.8


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
