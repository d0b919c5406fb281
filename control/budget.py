"""What the commands about money do, as plain functions: they take values, answer values, and print nothing.

Money is in US dollars in everything that is answered here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from control import planned
from shared.broker.reached import reached
from shared.domain.days import midnight
from shared.domain.models import WorkClass
from shared.domain.money.budgets import ChosenBudgets
from shared.domain.money.estimate import RefreshEstimate, of_refresh
from shared.domain.money.forecast import Forecast, of_day, of_month
from shared.domain.money.one_off import OneOff
from shared.domain.money.prices import MICRO, OBJECTS, PriceKind
from shared.domain.money.purchases import Sums, reread_name
from shared.platforms.x.dialect import SharedDialectMemory, spoken
from shared.ratelimit.model import BudgetState
from shared.services.bootstrap import Services, started_budgets
from shared.services.one_off import left_now
from shared.services.rates import rates_now
from shared.services.standing import unpaid_today
from shared.spending.levels import Level, credential_budgets, level_of, project_budgets, too_small, used_ratio
from shared.spending.treasury import Books


def show(services: Services) -> dict[str, Any]:
    """How the money stands: budgets, what was spent, the forecast, what each class of work would like to spend."""
    services.ledger.copy()
    books = services.treasury.books()
    budgets = budgets_of(services)
    left = left_now(services, services.clock.now())
    history = left.of_history(rates_now(services, books), services.ledger.prices)
    course, days = books.course(left=left.of_people(services.ledger.prices) + history), books.whole_days()
    day_limit, month_limit = (_micro(budgets[name]["limit"]) for name in ("day_usd", "month_usd"))
    before = books.month().micro_usd - books.today().micro_usd
    check = services.stores.ledger.last_check()
    return {
        "at": books.now,
        "budgets": budgets,
        "credential_budgets": credential_budgets_of(services),
        "shares": _shares(services),
        "too_small": too_small_of(services),
        "spent": {"day": _spent(books.today(), books, books.today), "month": _spent(books.month(), books, books.month)},
        "forecast": {
            "day": _forecast(of_day(course, day_limit)),
            "month": _forecast(of_month(course, before, days, month_limit)),
            "whole_days_known": len(days),
            "one_off": {"spent_usd": course.once / MICRO, "left_usd": round(course.left / MICRO, 4)},
        },
        "wanted": _wanted(services, books, left, history),
        "plan": planned.today(services),
        "usage": None
        if check is None
        else {
            "day": check.day.isoformat(),
            "ledger_posts": check.ours,
            "x_posts": check.theirs,
            "difference_ratio": round(check.difference_ratio, 4),
        },
    }


def choose(services: Services, limits: Mapping[str, float | None], shares: Mapping[WorkClass, float]) -> None:
    """Set budgets over those of the environment; every process heeds them at its next call. Raises InputError."""
    services.limiter.choose_budgets(services.budget_choices.choose(limits, shares))
    reached(services.broker.introspection.open_gates)  # what waited for money need not wait for midnight


def forget(services: Services, limits: Collection[str], shares: Collection[WorkClass]) -> None:
    """Let budgets be those of the environment again."""
    services.limiter.choose_budgets(services.budget_choices.forget(limits, shares))
    reached(services.broker.introspection.open_gates)


def standing(services: Services) -> dict[str, Any]:
    """Only what may be spent: budgets, shares, too_small."""
    return {"budgets": budgets_of(services), "shares": _shares(services), "too_small": too_small_of(services)}


def budgets_of(services: Services) -> dict[str, dict[str, Any]]:
    """Each budget: limit (None: none), used (calls in flight included), how full, what it stops, who set it."""
    chosen = services.budget_choices.load()
    states = project_budgets(services.limiter.state())
    return {name: _budget(name, state, chosen) for name, state in states.items()}


def credential_budgets_of(services: Services) -> dict[str, dict[str, dict[str, Any]]]:
    """The same for each credential that has asked X for something; only budgets with a limit."""
    states = credential_budgets(services.limiter.state())
    nothing = ChosenBudgets()
    return {
        credential_id: {name: _budget(name, state, nothing) for name, state in budgets.items()}
        for credential_id, budgets in states.items()
    }


def too_small_of(services: Services) -> list[dict[str, Any]]:
    """The budgets of which a class of work can never buy its smallest page: budget, class, its part, its least call."""
    limits = {name: state.limit for name, state in project_budgets(services.limiter.state()).items()}
    shares = services.budget_choices.load().over(started_budgets(services.settings)).shares
    dialect = spoken(services.settings.x_dialect, SharedDialectMemory(services.stores.state))
    found = too_small(limits, shares, services.ledger.prices, dialect)
    return [{**asdict(one), "work_class": one.work_class.value} for one in found]


def cost_of_refresh(services: Services, post_ids: Sequence[int]) -> RefreshEstimate:
    """Estimate reading posts again; changes nothing."""
    bought = services.ledger.bought(PriceKind.POST, post_ids)
    unknown = len(post_ids) - services.stores.engagement.count_known(post_ids)
    rates = rates_now(services, services.treasury.books())
    return of_refresh(len(post_ids), len(bought), services.ledger.prices, unknown=unknown, rates=rates)


def room(services: Services, micro_usd: int) -> dict[str, Any]:
    """Whether the money of today and of this month is there for something that costs so much."""
    left = {
        name: None if budget["limit"] is None else max(0.0, budget["limit"] - budget["used"])
        for name, budget in budgets_of(services).items()
        if name.endswith("_usd")
    }
    usd = micro_usd / MICRO
    return {"left": left, "fits": all(one is None or usd <= one for one in left.values())}


def _budget(name: str, state: BudgetState, chosen: ChosenBudgets) -> dict[str, Any]:
    started = "none" if state.limit is None else "environment"
    level = level_of(state.used, state.limit)
    return {
        "limit": state.limit,
        "used": state.used,
        "used_ratio": round(used_ratio(state.used, state.limit), 4),
        "level": level.value,
        "stops": "every call" if level is Level.SPENT and name == "month_requests" else _STOPS[level],
        "resets_in_seconds": state.reset_in_seconds,
        "set_by": "person" if name in chosen.limits else started,
    }


_STOPS = {
    Level.OPEN: "nothing",
    Level.WARNING: "nothing yet",
    Level.BACKGROUND_STOPPED: "quotes, engagement, backfill",
    Level.SPENT: "everything that is not free",
}


def _shares(services: Services) -> dict[str, float]:
    budgets = services.budget_choices.load().over(started_budgets(services.settings))
    return {work_class.value: share for work_class, share in budgets.shares.items()}


def _spent(sums: Sums, books: Books, of_class: Any) -> dict[str, Any]:
    return {
        "usd": sums.micro_usd / MICRO,
        **{kind.plural: sums.bought[kind] for kind in PriceKind},
        **{f"{reread_name(kind)}_for_free": sums.reread[kind] for kind in OBJECTS},
        "calls": sums.calls,
        "calls_failed": sums.failed,
        "calls_unanswered": sums.unanswered,
        "usd_by_class": {one.value: of_class(one).micro_usd / MICRO for one in WorkClass},
    }


def _forecast(forecast: Forecast) -> dict[str, Any]:
    return {"usd": round(forecast.total / MICRO, 4), "limit_reached_at": forecast.reached_at}


def _wanted(services: Services, books: Books, left: OneOff, history: int) -> dict[str, dict[str, Any]]:
    """What each class would like to spend until midnight. What is known is counted, the rest follows today."""
    day_starts = midnight(books.now)
    due = unpaid_today(services, day_starts=day_starts, day_ends=day_starts + timedelta(days=1))
    prices, names = services.ledger.prices, f" and {left.names} names" if left.names else ""
    wanted: dict[WorkClass, tuple[float, str]] = {
        WorkClass.INTERACTIVE: (left.of_people(prices), f"{left.waited_for} posts{names} somebody waits for"),
        WorkClass.ENGAGEMENT: (
            due * prices.micro[PriceKind.POST],
            f"{due} posts due before midnight that were not read today",
        ),
        WorkClass.BACKFILL: (history, f"what is left of {len(left.sweeps)} first readings"),
    }
    for work_class in (WorkClass.SEARCH, WorkClass.QUOTES):
        course = books.course(work_class)
        wanted[work_class] = (course.total - course.spent, "goes on as it did")
    return {one.value: {"usd": round(micro / MICRO, 4), "basis": basis} for one, (micro, basis) in wanted.items()}


def _micro(usd: float | None) -> float | None:
    return None if usd is None else usd * MICRO
