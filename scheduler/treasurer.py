"""Looks after the money between the rounds: copies the ledger, gives the limiter what a person chose, tells people.

Decides nothing about a call: the limiter does. Repeating a round changes nothing.
"""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime

from shared.domain.models import WorkClass
from shared.domain.money.forecast import of_day, of_month
from shared.domain.money.prices import MICRO, PriceKind
from shared.domain.money.source_shares import ShareStanding
from shared.platforms.x.dialect import SharedDialectMemory, spoken
from shared.ratelimit.model import BudgetState
from shared.runtime import metrics
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services, started_budgets
from shared.services.one_off import left_now
from shared.services.rates import rates_now
from shared.services.source_shares import standings
from shared.spending.levels import Level, held_back, level_of, project_budgets, used_ratio

log = get_logger(__name__)


class Treasurer:
    """One round: the ledger, the chosen budgets, how full the budgets are."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._levels: dict[str, Level] = {}
        self._held_back: frozenset[WorkClass] = frozenset()
        self._shares: list[ShareStanding] = []

    @property
    def held_back(self) -> frozenset[WorkClass]:
        """The classes of work that have no money for their least call, as of the last round."""
        return self._held_back

    @property
    def shares(self) -> list[ShareStanding]:
        """How the shares of sources stood in the last round; at midnight UTC nothing of them is known."""
        today = self._services.ledger.now().date()
        return [one for one in self._shares if one.now.date() == today]

    def run_once(self, now: datetime) -> None:
        """Copy the ledger to MongoDB, keep the limiter's budgets as chosen, and log a budget that changed its level."""
        self._services.ledger.copy()
        self._services.shares.copy()
        chosen = self._services.budget_choices.load()
        if self._services.limiter.choose_budgets(chosen):
            log.info("budgets changed")
        budgets = project_budgets(self._services.limiter.state())
        for name, budget in budgets.items():
            self._tell(name, budget)
        shares = chosen.over(started_budgets(self._services.settings)).shares
        dialect = spoken(self._services.settings.x_dialect, SharedDialectMemory(self._services.stores.state))
        self._held_back = held_back(budgets, shares, self._services.ledger.prices, now, dialect)
        self._look_at_shares()

    def _look_at_shares(self) -> None:
        """How the shares of all sources stand, and a line for each that is spent since the last look."""
        before = {one.source for one in self.shares if one.is_spent}
        self._shares = list(standings(self._services, self._services.stores.sources.with_share()).values())
        for one in self._shares:
            if one.is_spent and one.source not in before:
                spent, until = one.spent_micro_usd / MICRO, str(one.rests_until)
                log.warning("share of the money spent", source=one.source, spent=spent, until=until)

    def _tell(self, name: str, budget: BudgetState) -> None:
        level = level_of(budget.used, budget.limit)
        if level is not self._levels.get(name, Level.OPEN):
            tell = log.info if level is Level.OPEN else log.warning
            tell("budget", budget=name, state=level.value, used=round(budget.used, 6), limit=budget.limit)
        self._levels[name] = level


def export_shares(services: Services, told: Set[str]) -> set[str]:
    """Set the gauges of the sources that have a share; answers which. told: those that have a gauge."""
    found = standings(services, services.stores.sources.with_share())
    for one in found.values():
        metrics.SHARE_USED_RATIO.labels(one.source).set(one.used_ratio)
    for source in told - found.keys():
        metrics.SHARE_USED_RATIO.remove(source)
    return set(found)


def export_money(services: Services) -> None:
    """Set the gauges of money, from the ledger in MongoDB and the limiter."""
    for name, budget in project_budgets(services.limiter.state()).items():
        metrics.BUDGET_USED_RATIO.labels(name).set(used_ratio(budget.used, budget.limit))
    books = services.treasury.books()
    today = books.today()
    for work_class in WorkClass:
        metrics.SPENT_USD.labels("day", work_class.value).set(books.today(work_class).micro_usd / MICRO)
        metrics.SPENT_USD.labels("month", work_class.value).set(books.month(work_class).micro_usd / MICRO)
    left = left_now(services, services.clock.now())
    history = left.of_history(rates_now(services, books), services.ledger.prices)
    course = books.course(left=left.of_people(services.ledger.prices) + history)
    before = books.month().micro_usd - today.micro_usd
    metrics.FORECAST_USD.labels("day").set(of_day(course).total / MICRO)
    metrics.FORECAST_USD.labels("month").set(of_month(course, before, books.whole_days()).total / MICRO)
    for kind in PriceKind:
        metrics.OBJECTS_TODAY.labels(kind.value, "paid").set(today.bought[kind])
        metrics.OBJECTS_TODAY.labels(kind.value, "free").set(today.reread[kind])
    metrics.AUTHORS_WANTED.set(services.stores.authors.count())
    check = services.stores.ledger.last_check()
    if check is not None:
        metrics.USAGE_DIFFERENCE_RATIO.set(check.difference_ratio)
