"""Budgets that a person chooses while processes run."""

from __future__ import annotations

import pytest
import redis

from shared.domain.errors import InputError
from shared.domain.models import WorkClass
from shared.domain.money.budgets import Budgets, ChosenBudgets, Spent, Totals
from shared.ratelimit.budget_fields import pack_chosen, unpack_chosen
from shared.ratelimit.model import Block, BlockScope, BudgetState, Window
from shared.runtime.clock import ManualClock
from tests.shared.ratelimit.calls import grant, grants_until_refused, open_window, refusal, refused
from tests.shared.ratelimit.conftest import MakeLimiter

EVERYTHING = ChosenBudgets(
    {"day_usd": 2.5, "month_usd": None, "month_posts": 700}, {WorkClass.ENGAGEMENT: 0.5, WorkClass.SEARCH: 1.0}
)


def limits(states: tuple[BudgetState, ...]) -> dict[Window, float | None]:
    """The limits of the project's budgets."""
    return {state.window: state.limit for state in states}


@pytest.mark.parametrize("chosen", [ChosenBudgets(), EVERYTHING, ChosenBudgets({"day_usd": 0.0})])
def test_what_was_chosen_survives_redis(chosen: ChosenBudgets) -> None:
    """The packed form says what it was made of."""
    assert unpack_chosen(pack_chosen(chosen)) == chosen


def test_a_choice_holds_in_processes_that_run(make_limiter: MakeLimiter, clock: ManualClock) -> None:
    """Another process's next call is decided by the new budgets, and by its own defaults once they are taken back."""
    worker, command = make_limiter(budgets=Budgets(day_usd=10.0, month_posts=9_000)), make_limiter()
    open_window(worker, clock, limit=10_000)

    changed = [command.choose_budgets(ChosenBudgets({"day_usd": 1.0})) for _ in range(2)]
    count, last = grants_until_refused(worker, posts=20)
    shown = limits(worker.state().budgets)
    taken_back = [command.choose_budgets(ChosenBudgets()) for _ in range(2)]

    assert (changed, taken_back) == ([True, False], [True, False])
    assert (count, last.blocked_by) == (10, "day_money")
    assert (shown[Window.DAY_MONEY], shown[Window.MONTH_POSTS]) == (1.0, 9_000)
    assert grants_until_refused(worker, posts=20)[0] == 90
    assert limits(worker.state().budgets)[Window.DAY_MONEY] == 10.0


def test_a_limit_can_be_lifted(make_limiter: MakeLimiter, clock: ManualClock) -> None:
    """Chosen as none, a budget of the start does not hold."""
    limiter = make_limiter(budgets=Budgets(day_usd=0.0, month_usd=0.0, month_posts=0))
    open_window(limiter, clock)
    refusal(limiter, posts=1)

    limiter.choose_budgets(ChosenBudgets({"day_usd": None, "month_usd": None, "month_posts": None}))

    grant(limiter, posts=1)


def test_shares_hold_for_their_class(make_limiter: MakeLimiter, clock: ManualClock) -> None:
    """A share of the start and a chosen one both end their class at its part, and no other one."""
    limiter = make_limiter(budgets=Budgets(day_usd=10.0, shares={WorkClass.SEARCH: 0.3, WorkClass.QUOTES: 0.2}))
    open_window(limiter, clock, limit=10_000)
    limiter.choose_budgets(ChosenBudgets(shares={WorkClass.SEARCH: 0.1}))

    searches, last = grants_until_refused(limiter, WorkClass.SEARCH, posts=20)
    quotes, _ = grants_until_refused(limiter, WorkClass.QUOTES, posts=20)

    assert (searches, last.blocked_by, quotes) == (10, "day_money", 20)
    grant(limiter, WorkClass.INTERACTIVE, posts=20)


def test_background_work_stops_before_the_end_of_a_budget(make_limiter: MakeLimiter, clock: ManualClock) -> None:
    """At 95 % background work stops, searches and people go on to 100 %, and free calls pass even then."""
    clock.advance(11.8 * 3600)  # of the last quarter of the day floors are given up; the pace is done at 95 %
    limiter = make_limiter(budgets=Budgets(day_usd=10.0))
    open_window(limiter, clock, limit=10_000)

    background, last = grants_until_refused(limiter, WorkClass.BACKFILL, posts=20)
    searches, _ = grants_until_refused(limiter, WorkClass.SEARCH, posts=20)

    assert (background, last.blocked_by, searches) == (95, "day_money", 5)
    refusal(limiter, WorkClass.INTERACTIVE, posts=1)
    grant(limiter, WorkClass.BACKFILL)


def test_an_emptied_redis_is_given_the_choice_again(
    make_limiter: MakeLimiter, clock: ManualClock, redis_client: redis.Redis
) -> None:
    """What was chosen comes back with what was spent, before the first call."""
    chosen = ChosenBudgets({"day_usd": 1.0})
    limiter = make_limiter(spent=lambda: Spent({WorkClass.SEARCH: Totals(500_000)}, chosen=chosen))
    open_window(limiter, clock)
    redis_client.flushall()
    open_window(limiter, clock)

    assert grants_until_refused(limiter, posts=20)[0] == 5


def test_the_choice_is_kept_with_the_budgets(make_limiter: MakeLimiter, redis_client: redis.Redis) -> None:
    """The key expires, and not before the month has."""
    make_limiter().choose_budgets(EVERYTHING)

    assert redis_client.ttl("covey:limit:project") > 32 * 86_400


@pytest.mark.parametrize(
    "wrong",
    [ChosenBudgets({"week_usd": 1.0}), ChosenBudgets({"day_usd": -1.0}), ChosenBudgets(shares={WorkClass.SEARCH: 1.5})],
)
def test_what_is_no_budget_is_refused(make_limiter: MakeLimiter, wrong: ChosenBudgets) -> None:
    """A name or value that is none changes nothing."""
    limiter = make_limiter()

    with pytest.raises(InputError, match=r"week_usd|day_usd=-1|search=1.5"):
        limiter.choose_budgets(wrong)

    assert limits(limiter.state().budgets)[Window.DAY_MONEY] is None


def test_a_paid_call_without_a_price_heeds_the_block_of_paid_calls(
    make_limiter: MakeLimiter, clock: ManualClock
) -> None:
    """Where X asks for credits even for objects that are free, a 402 holds such calls back too."""
    limiter = make_limiter()
    open_window(limiter, clock)
    limiter.settle(grant(limiter, posts=1), refused(402, Block(BlockScope.PAID, "credits", for_seconds=900)))

    assert refusal(limiter, is_paid=True).blocked_by == "paid"
    grant(limiter)
