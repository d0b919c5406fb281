"""How full a budget is, and what that stops. Pure.

    open --80 %--> warning --95 %--> background stopped --100 %--> spent

At 80 % people are told. At 95 % quotes, engagement and backfill stop; searches go on, because X forgets after seven
days. At 100 % everything stops but what is free. The limiter enforces it, here it is only named; a class with a share
of its own stops at that, whatever the level.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.days import midnight
from shared.domain.models import WorkClass
from shared.domain.money.classes import BACKGROUND, BACKGROUND_STOPS, CLASSES
from shared.domain.money.prices import MICRO, Amounts, PriceKind, Prices, posts_of
from shared.platforms.x import calls
from shared.platforms.x.fields import Dialect
from shared.ratelimit.model import BudgetState, LimiterState, Window
from shared.ratelimit.windows import budget_wait_ms

WARNS_FROM: Final = 0.8
LEAST_LOOKED_UP: Final = 10  # of a job of 100 posts; see PARTS of the handler that looks them up
MILLISECOND: Final = timedelta(milliseconds=1)


class Level(StrEnum):
    """From the least full on."""

    OPEN = "open"
    WARNING = "warning"
    BACKGROUND_STOPPED = "background_stopped"
    SPENT = "spent"


# All budgets, by the name of their setting.
WINDOWS: Final = {
    "day_usd": Window.DAY_MONEY,
    "month_usd": Window.MONTH_MONEY,
    "month_posts": Window.MONTH_POSTS,
    "month_requests": Window.MONTH_REQUESTS,
}
_MONEY: Final = {Window.DAY_MONEY, Window.MONTH_MONEY}


def project_budgets(state: LimiterState) -> dict[str, BudgetState]:
    """The budgets of the project, by the name of their setting."""
    return _budgets_of(state, None)


def credential_budgets(state: LimiterState) -> dict[str, dict[str, BudgetState]]:
    """Those of each credential that has asked for something, by its id and by their names; only those with a limit."""
    ids = dict.fromkeys(budget.credential_id for budget in state.budgets if budget.credential_id is not None)
    found = {one: _budgets_of(state, one) for one in ids}
    return {
        credential_id: {name: budget for name, budget in budgets.items() if budget.limit is not None}
        for credential_id, budgets in found.items()
    }


def _budgets_of(state: LimiterState, credential_id: str | None) -> dict[str, BudgetState]:
    states = {budget.window: budget for budget in state.budgets if budget.credential_id == credential_id}
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


def least_of(work_class: WorkClass, dialect: Dialect) -> Amounts:
    """The least that a call of a class reserves.

    The smallest page of searches and quotes; of look-ups the part that is tried last; one post for a person.
    """
    if work_class is WorkClass.INTERACTIVE:
        return Amounts({PriceKind.POST: 1})
    if work_class is WorkClass.ENGAGEMENT:
        return Amounts({PriceKind.POST: LEAST_LOOKED_UP})
    page = calls.search(query="any", expand_authors=None)
    if work_class is WorkClass.QUOTES:
        page = calls.quote_tweets(post_id=1, expand_authors=None)
    return (page.least or page).most(dialect)


def _in_unit_of(window: Window, amounts: Amounts, prices: Prices) -> int:
    """What a budget counts of one call: micro-dollars, posts, or the call itself."""
    if window in _MONEY:
        return prices.cost_micro(amounts)
    return posts_of(amounts) if window is Window.MONTH_POSTS else 1


@dataclass(frozen=True, slots=True)
class TooSmall:
    """A budget of which a class may spend `part`, less than the `least` that one call of it reserves."""

    budget: str
    work_class: WorkClass
    part: float
    least: float


def too_small(
    limits: Mapping[str, float | None], shares: Mapping[WorkClass, float], prices: Prices, dialect: Dialect
) -> list[TooSmall]:
    """Where a limit and a share let a class buy nothing, ever. A limit of nothing is meant so."""
    found = []
    for name, limit in limits.items():
        window = WINDOWS[name]
        unit = MICRO if window in _MONEY else 1
        for work_class in WorkClass if limit else ():
            most = BACKGROUND_STOPS if work_class in BACKGROUND else 1.0
            part = (limit or 0) * min(shares.get(work_class, most), most)
            least = _in_unit_of(window, least_of(work_class, dialect), prices)
            if round(part * unit, 6) < least:  # a share is not binary either
                found.append(TooSmall(name, work_class, part, least / unit))
    return found


def held_back(
    budgets: Mapping[str, BudgetState],
    shares: Mapping[WorkClass, float],
    prices: Prices,
    now: datetime,
    dialect: Dialect,
) -> frozenset[WorkClass]:
    """The classes whose least call would be refused now, by the limiter's own rule: what they want is not worth a job.

    budgets: by the name of their setting. shares: the parts that hold. now: within the day and month of the budgets.
    """

    return frozenset(one for one in WorkClass if stopped_by(one, budgets, shares, prices, now, dialect))


def stopped_by(
    work_class: WorkClass,
    budgets: Mapping[str, BudgetState],
    shares: Mapping[WorkClass, float],
    prices: Prices,
    now: datetime,
    dialect: Dialect,
) -> list[str]:
    """The names of the budgets that would refuse the least call of a class now; see `held_back`."""
    share, least = shares.get(work_class, 1.0), least_of(work_class, dialect)
    return [
        name
        for name, one in budgets.items()
        if _waits(work_class, one, share, _in_unit_of(one.window, least, prices), now)
    ]


def _waits(work_class: WorkClass, budget: BudgetState, share: float, amount: int, now: datetime) -> bool:
    unit = MICRO if budget.window in _MONEY else 1
    if budget.limit is None or amount == 0:
        return False
    today = midnight(now)
    is_day = budget.window is Window.DAY_MONEY
    starts = today if is_day else today.replace(day=1)
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
