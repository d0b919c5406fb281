"""How many posts the planner may buy today, by the budgets as they stand, and whether any may be bought now."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from shared.domain.engagement.next_reading import Chooser
from shared.domain.models import WorkClass
from shared.domain.money.budgets import CHOOSABLE, Budgets
from shared.domain.money.prices import PriceKind, posts_of
from shared.domain.planning.day import Money, Stage
from shared.domain.planning.midnight import Rules
from shared.domain.planning.posts import HOURS_A_DAY, hours
from shared.domain.planning.reserve import WEEK, reserve
from shared.services.bootstrap import Services, started_budgets
from shared.spending.allowance import is_of_the_day, posts_today
from shared.spending.levels import project_budgets
from shared.spending.treasury import Books

_DAY = timedelta(days=1)


def money_today(services: Services, *, followed: int) -> Money:
    """In posts. followed: how many there are to buy. Raises LimiterUnavailable, StoreUnavailable."""
    books, micro = services.treasury.books(), services.ledger.prices.micro[PriceKind.POST]
    left = 1 - hours(books.now) % HOURS_A_DAY / HOURS_A_DAY
    money = posts_today(
        WorkClass.ENGAGEMENT,
        project_budgets(services.limiter.state()),
        share=_chosen(services).shares.get(WorkClass.ENGAGEMENT, 1.0),
        post_micro_usd=micro,
        others_posts=_others_yesterday(books, micro) * left,
        now=books.now,
        most=followed,
    )
    return replace(money, kept=reserve(_beside_plans(services, books), money.now, Rules().reserve_share))


def may_plan(services: Services) -> bool:
    """Whether the limiter has come to X's present day, so that it tells what the day's money is. Raises
    LimiterUnavailable.
    """
    return is_of_the_day(project_budgets(services.limiter.state()), services.ledger.now())


def budgets_today(services: Services) -> dict[str, float | None]:
    """The budgets that a person chose, or the processes were started with, and the share of the class, by their names;
    a plan that was begun with others is of no use. Raises StoreUnavailable.
    """
    chosen = _chosen(services)
    limits = {name: getattr(chosen, name) for name in CHOOSABLE}
    return {name: None if limit is None else float(limit) for name, limit in limits.items()} | {
        "share": float(chosen.shares.get(WorkClass.ENGAGEMENT, 1.0))
    }


def bought_today(services: Services) -> int:
    """How many posts the class has bought on X's present day. Raises LimiterUnavailable, StoreUnavailable."""
    books = services.treasury.books()
    return _bought(books, books.now.date())


def may_buy(services: Services) -> bool:
    """Whether posts may be bought to be read again now: where the planner decides, once the plan of X's day is made.

    What was paid for today may be read at any time. Raises StoreUnavailable.
    """
    if services.refresh_policy.by is not Chooser.PLANNER:
        return True
    return services.stores.plans.stage(services.ledger.now().date()) is Stage.DONE


def _others_yesterday(books: Books, post_micro_usd: int) -> float:
    """What all other work spent on the day before, in posts."""
    day = books.now.date() - _DAY
    spent = sum(
        sums.micro_usd
        for key, sums in books.rows.items()
        if key.day == day and key.work_class is not WorkClass.ENGAGEMENT
    )
    return spent / post_micro_usd if post_micro_usd else 0.0


def _beside_plans(services: Services, books: Books) -> list[int]:
    """Posts that were bought beside each of the last plans and their group tests, the latest last: they had come
    without counts.
    """
    plans = services.stores.plans.newest(WEEK)
    found = services.stores.group_tests.found_on([plan.day for plan in plans])
    planned = {plan.day: plan.basis.already + plan.placed + found.get(plan.day, 0) for plan in plans}
    return [max(0, _bought(books, day) - posts) for day, posts in sorted(planned.items())]


def _bought(books: Books, day: date) -> int:
    """Posts that the class bought on that day."""
    return sum(
        posts_of(sums.bought)
        for key, sums in books.rows.items()
        if key.day == day and key.work_class is WorkClass.ENGAGEMENT
    )


def _chosen(services: Services) -> Budgets:
    return services.budget_choices.load().over(started_budgets(services.settings))
