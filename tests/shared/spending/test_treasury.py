"""What was spent so far, read from MongoDB."""

from __future__ import annotations

from datetime import timedelta

import pytest
import redis

from shared.domain.models import WorkClass
from shared.domain.money.budgets import Budgets, ChosenBudgets, Spent, Totals
from shared.domain.money.prices import PriceKind
from shared.ratelimit.limiter import Limiter
from shared.ratelimit.model import CallRequest, Grant, Refusal, Window
from shared.runtime.clock import ManualClock
from shared.spending.attribution import gathered
from shared.spending.choices import BudgetChoices
from shared.spending.ledger import Ledger
from shared.spending.treasury import Treasury
from shared.stores.database import Db
from shared.stores.ledger import LedgerStore
from shared.stores.runs import RunStore
from shared.stores.state import StateStore
from tests.amounts import amounts
from tests.shared.spending.conftest import NOON, call

DAY = timedelta(days=1)


@pytest.fixture
def choices(mongo_db: Db) -> BudgetChoices:
    """What a person chose."""
    return BudgetChoices(StateStore(mongo_db))


@pytest.fixture
def treasury(mongo_db: Db, store: LedgerStore, choices: BudgetChoices, clock: ManualClock) -> Treasury:
    """The treasury at noon of the tenth of the month."""
    return Treasury(store, RunStore(mongo_db), choices, clock)


def spend_days(ledger: Ledger, posts_by_days_ago: dict[int, int]) -> None:
    """Buy so many posts at noon of each of these days, and copy each day while it lasts."""
    for days_ago, count in sorted(posts_by_days_ago.items(), reverse=True):
        ledger.record(call(*range(count), at=NOON - days_ago * DAY))
        ledger.copy()


def test_an_empty_redis_is_filled_with_what_was_spent(
    treasury: Treasury, ledger: Ledger, choices: BudgetChoices
) -> None:
    """Today, the month without the one before, by class and credential, and what a person chose."""
    spend_days(ledger, {20: 50, 9: 30, 0: 10})
    ledger.record(call(901, 902, at=NOON, work_class=WorkClass.QUOTES, credential_id="user"))
    ledger.copy()
    choices.choose({"day_usd": 1.0}, {})

    searches, quotes = Totals(50_000, 200_000, 2, 40), Totals(10_000, 10_000, 1, 2)
    assert treasury.spent() == Spent(
        project={WorkClass.SEARCH: searches, WorkClass.QUOTES: quotes},
        credentials={"app": {WorkClass.SEARCH: searches}, "user": {WorkClass.QUOTES: quotes}},
        chosen=ChosenBudgets({"day_usd": 1.0}),
    )


def test_a_limiter_whose_redis_was_lost_goes_on_where_it_stood(
    treasury: Treasury, ledger: Ledger, clock: ManualClock, redis_client: redis.Redis
) -> None:
    """What the ledger has copied is spent again, and the budget ends at the same dollar."""
    spend_days(ledger, {0: 100})
    redis_client.flushall()
    limiter = Limiter(redis_client, budgets=Budgets(day_usd=0.75), spent=treasury.spent, clock=clock)

    grants = 0
    while isinstance(
        limiter.acquire(CallRequest(f"e{grants}", ("app",), WorkClass.INTERACTIVE, most=amounts(10))), Grant
    ):
        grants += 1

    assert grants == 5
    used = {budget.window: budget.used for budget in limiter.state().budgets}
    assert used[Window.DAY_MONEY] == pytest.approx(0.75)


def test_a_credential_goes_on_where_it_stood(
    treasury: Treasury, ledger: Ledger, clock: ManualClock, redis_client: redis.Redis
) -> None:
    """After a loss of Redis one that spent its own budget is refused, and another one is not."""
    spend_days(ledger, {3: 60, 0: 40})
    redis_client.flushall()
    budgets = Budgets(month_posts=100)
    limiter = Limiter(redis_client, credential_budgets=budgets, spent=treasury.spent, clock=clock)

    spent, fresh = (
        limiter.acquire(CallRequest("tweets", (one,), WorkClass.INTERACTIVE, most=amounts(1)))
        for one in ("app", "user")
    )

    assert isinstance(spent, Refusal)
    assert spent.blocked_by == "month_posts"
    assert isinstance(fresh, Grant)


def test_the_books_tell_days_classes_and_endpoints_apart(treasury: Treasury, ledger: Ledger) -> None:
    """Whole days begin after the first one with spending; backfill is no measure of what is posted in a day."""
    spend_days(ledger, {4: 5, 2: 20, 1: 40, 0: 7})
    ledger.record(call(1, 2, at=NOON - DAY, work_class=WorkClass.BACKFILL, endpoint="tweets"))
    ledger.record(call(900, at=NOON, work_class=WorkClass.QUOTES))
    ledger.copy()

    books = treasury.books()

    assert [sum(hours) for hours in books.whole_days()] == [0, 100_000, 200_000]
    assert (books.today().bought[PriceKind.POST], books.today(WorkClass.QUOTES).bought[PriceKind.POST]) == (8, 1)
    days, by_endpoint = books.measured()
    assert (days, by_endpoint["search/recent"].bought[PriceKind.POST]) == (3, 60)
    assert "tweets" not in by_endpoint
    assert books.course(WorkClass.QUOTES).spent == 5_000


def test_one_off_work_is_apart_in_the_course(treasury: Treasury, ledger: Ledger, mongo_db: Db) -> None:
    """Backfill, what people ask for, and what a run bought in a class that goes on: spent, and no part of the rate."""
    runs = RunStore(mongo_db)
    runs.begin("r", kind="track", subjects=["nasa"], now=NOON)
    ledger.record(call(*range(100), at=NOON, work_class=WorkClass.BACKFILL))
    ledger.record(call(*range(100, 110), at=NOON, work_class=WorkClass.INTERACTIVE))
    with gathered() as calls:
        ledger.record(call(*range(110, 150), at=NOON))
    runs.pay("r", calls)
    ledger.record(call(*range(150, 153), at=NOON))
    ledger.copy()

    books = treasury.books()
    course = books.course(left=7)

    assert (course.recurring, course.once, course.left) == (3 * 5_000, 150 * 5_000, 7)
    assert course.spent == books.today().micro_usd
    assert books.course(WorkClass.SEARCH).recurring == 3 * 5_000
    assert (books.course(WorkClass.BACKFILL).level, books.course(WorkClass.BACKFILL).spent) == (0, 500_000)


def test_what_was_bought_so_far_is_known_by_endpoint(treasury: Treasury, ledger: Ledger) -> None:
    """Today and yesterday, one-off work and all; the days before are left out. Quotes are not what a search is for."""
    spend_days(ledger, {2: 9, 1: 4, 0: 2})
    ledger.record(call(501, users=(1, 2), at=NOON, work_class=WorkClass.BACKFILL, endpoint="users"))
    ledger.record(call(*range(600, 603), at=NOON, work_class=WorkClass.QUOTES))
    ledger.copy()

    so_far = treasury.books().so_far()

    assert so_far["search/recent"].bought[PriceKind.POST] == 6
    assert so_far["quote_tweets"].bought[PriceKind.POST] == 3
    assert so_far["users"].bought[PriceKind.USER] == 2
