"""Money, posts and requests of a day and a month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import redis

from shared.domain.errors import LimiterUnavailable, StoreUnavailable
from shared.domain.models import WorkClass
from shared.domain.money.budgets import Budgets, Spent, Totals
from shared.domain.money.prices import Amounts, PriceKind, Prices
from shared.ratelimit.limiter import Limiter
from shared.ratelimit.model import BudgetState, LimiterState, Settlement, Window
from shared.runtime.clock import ManualClock
from tests.shared.ratelimit.calls import (
    answered,
    grant,
    grants_until_refused,
    headers,
    open_window,
    refusal,
    request,
    spend,
)
from tests.shared.ratelimit.conftest import MakeLimiter


def budget(state: LimiterState, window: Window, credential_id: str | None = None) -> BudgetState:
    """One budget of a state."""
    return next(one for one in state.budgets if (one.window, one.credential_id) == (window, credential_id))


@pytest.mark.parametrize(
    ("budgets", "calls", "blocked_by"),
    [
        (Budgets(day_usd=2.0), 4, "day_money"),
        (Budgets(month_usd=2.0), 4, "month_money"),
        (Budgets(month_posts=400), 4, "month_posts"),
        (Budgets(month_requests=5), 4, "month_requests"),
    ],
)
def test_a_budget_stops_calls_that_would_pass_it(
    make_limiter: MakeLimiter, clock: ManualClock, budgets: Budgets, calls: int, blocked_by: str
) -> None:
    """Every budget refuses the call that would pass it, names itself, and waits for its day or month."""
    limiter = make_limiter(budgets=budgets)
    open_window(limiter, clock, limit=1000)  # a free call

    count, last = grants_until_refused(limiter, posts=100)

    assert (count, last.blocked_by) == (calls, blocked_by)
    ends = datetime(2026, 11, 11, tzinfo=UTC) if blocked_by.startswith("day") else datetime(2026, 12, 1, tzinfo=UTC)
    assert last.wait_seconds == pytest.approx((ends - clock.now()).total_seconds())


def test_nothing_is_taken_when_one_window_refuses(make_limiter: MakeLimiter, clock: ManualClock) -> None:
    """A call that one budget refuses takes nothing from the others."""
    limiter = make_limiter(budgets=Budgets(day_usd=100, month_posts=150))
    open_window(limiter, clock, limit=10)
    grant(limiter, posts=100)
    before = limiter.state()

    refusal(limiter, posts=100)

    assert limiter.state() == before


def test_a_free_call_passes_a_spent_budget(make_limiter: MakeLimiter, clock: ManualClock) -> None:
    """Money that is gone stops nothing that costs nothing."""
    limiter = make_limiter(budgets=Budgets(day_usd=0, month_posts=0))
    open_window(limiter, clock)

    assert refusal(limiter, posts=1).blocked_by in {"day_money", "month_posts"}
    grant(limiter)


def test_what_was_not_used_comes_back(make_limiter: MakeLimiter, clock: ManualClock) -> None:
    """A settled call keeps only what X billed."""
    limiter = make_limiter(budgets=Budgets(day_usd=10, month_posts=1000))
    open_window(limiter, clock)
    one = grant(limiter, WorkClass.SEARCH, posts=100, users=100)

    reserved = limiter.state()
    limiter.settle(one, answered(posts=3, users=1))

    assert budget(reserved, Window.DAY_MONEY).used == pytest.approx(1.50)
    state = limiter.state()
    assert budget(state, Window.DAY_MONEY).used == pytest.approx(0.025)
    assert budget(state, Window.MONTH_MONEY).used_by_class[WorkClass.SEARCH] == pytest.approx(0.025)
    assert budget(state, Window.MONTH_POSTS).used == 3
    assert budget(state, Window.MONTH_REQUESTS).used == 2


def test_more_than_was_reserved_is_counted(make_limiter: MakeLimiter, clock: ManualClock) -> None:
    """Objects beyond the reservation are spent too."""
    limiter = make_limiter()
    open_window(limiter, clock)

    limiter.settle(grant(limiter, posts=10), answered(posts=25))

    assert budget(limiter.state(), Window.MONTH_POSTS).used == 25


def test_no_answer_keeps_the_whole_reservation(limiter: Limiter, clock: ManualClock) -> None:
    """What X may have billed counts as billed."""
    open_window(limiter, clock)

    limiter.settle(grant(limiter, posts=100), Settlement(answered=False))

    assert budget(limiter.state(), Window.DAY_MONEY).used == pytest.approx(0.5)


def test_an_error_of_x_costs_nothing(limiter: Limiter, clock: ManualClock) -> None:
    """Failed requests are not billed, those with a price by request included; one that is answered is."""
    counts = Amounts({PriceKind.COUNTS_REQUEST: 1})
    open_window(limiter, clock)

    limiter.settle(grant(limiter, posts=100), answered(status=503))
    limiter.settle(grant(limiter, most=counts), answered(status=400))
    failed = budget(limiter.state(), Window.DAY_MONEY).used
    limiter.settle(grant(limiter, most=counts), answered(billed=counts))

    assert failed == 0
    assert budget(limiter.state(), Window.DAY_MONEY).used == pytest.approx(0.005)


def test_a_new_day_starts_at_midnight_utc(make_limiter: MakeLimiter, clock: ManualClock) -> None:
    """The day's money comes back at midnight UTC, the month's does not."""
    limiter = make_limiter(budgets=Budgets(day_usd=0.5, month_usd=100))
    open_window(limiter, clock, reset_in=60_000)
    late = grant(limiter, posts=100)
    waiting = refusal(limiter, posts=100)

    clock.advance(waiting.wait_seconds)
    limiter.settle(late, answered(posts=0))
    after_midnight = limiter.state()
    grant(limiter, posts=100)

    assert clock.now() == datetime(2026, 11, 11, tzinfo=UTC)
    assert budget(after_midnight, Window.DAY_MONEY).used == 0
    assert budget(limiter.state(), Window.DAY_MONEY).used == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("moment", "next_month"),
    [
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        (datetime(2028, 2, 10, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC)),
        (datetime(2027, 2, 28, 1, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC)),
        (datetime(2100, 2, 1, tzinfo=UTC), datetime(2100, 3, 1, tzinfo=UTC)),
        (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)),
    ],
)
def test_months_are_those_of_the_calendar(make_limiter: MakeLimiter, moment: datetime, next_month: datetime) -> None:
    """A month's budget ends with the calendar month in UTC, leap years included, and then is whole again."""
    clock = ManualClock(moment)
    limiter = make_limiter(clock=clock, budgets=Budgets(month_posts=10))
    grant(limiter, posts=10)

    wait = refusal(limiter, posts=10, endpoint="other").wait_seconds
    clock.advance(wait)

    assert clock.now() == next_month
    grant(limiter, posts=10, endpoint="other")


def test_every_credential_has_its_own_budget(make_limiter: MakeLimiter, clock: ManualClock) -> None:
    """A credential that spent its budget is passed over, and its spending is shown."""
    limiter = make_limiter(credential_budgets=Budgets(month_posts=100))
    for credential_id in ("a", "b"):
        open_window(limiter, clock, credential_ids=(credential_id,))

    picked = {grant(limiter, posts=100, credential_ids=("a", "b")).credential_id for _ in range(2)}

    assert picked == {"a", "b"}
    assert refusal(limiter, posts=1, credential_ids=("a", "b")).blocked_by == "month_posts"
    assert budget(limiter.state(), Window.MONTH_POSTS, "b").used == 100


def test_a_refund_reaches_the_credential_too(make_limiter: MakeLimiter, clock: ManualClock) -> None:
    """What was not used comes back to the budget of the credential."""
    limiter = make_limiter(credential_budgets=Budgets(month_posts=100))
    open_window(limiter, clock)

    limiter.settle(grant(limiter, posts=100), answered(posts=40))

    assert budget(limiter.state(), Window.MONTH_POSTS, "app").used == 40


def test_an_empty_redis_is_filled_from_the_ledger(
    make_limiter: MakeLimiter, clock: ManualClock, redis_client: redis.Redis
) -> None:
    """When Redis lost the budgets, what the ledger knows is spent again, once."""
    asked: list[int] = []

    def ledger() -> Spent:
        asked.append(1)
        return Spent({WorkClass.BACKFILL: Totals(1_000_000, 3_000_000, 7, 600)})

    limiter = make_limiter(budgets=Budgets(month_posts=1000), spent=ledger)
    open_window(limiter, clock)
    count, _ = grants_until_refused(limiter, posts=100)
    redis_client.flushall()
    open_window(limiter, clock)

    state = limiter.state()
    assert count == 4
    assert len(asked) == 2
    assert budget(state, Window.DAY_MONEY).used == pytest.approx(1.0)
    assert budget(state, Window.MONTH_MONEY).used == pytest.approx(3.0)
    assert budget(state, Window.MONTH_REQUESTS).used == 8
    assert budget(state, Window.MONTH_POSTS).used == 600


@pytest.mark.parametrize("is_lost", [False, True])
def test_floors_and_shares_stand_where_they_stood(
    make_limiter: MakeLimiter, clock: ManualClock, redis_client: redis.Redis, is_lost: bool
) -> None:
    """A loss of Redis neither gives a class its share a second time nor holds a floor that was spent."""
    people, searches = Totals(1_000_000, 1_000_000, 10, 200), Totals(2_000_000, 2_000_000, 20, 400)
    budgets = Budgets(day_usd=10.0, shares={WorkClass.SEARCH: 0.3})
    before = make_limiter(budgets=budgets)
    open_window(before, clock, limit=10_000)
    spend(before, 10, WorkClass.INTERACTIVE, posts=20)
    spend(before, 20, WorkClass.SEARCH, posts=20)
    limiter = before
    if is_lost:
        redis_client.flushall()
        ledger = {WorkClass.INTERACTIVE: people, WorkClass.SEARCH: searches}
        limiter = make_limiter(budgets=budgets, spent=lambda: Spent(ledger))
        open_window(limiter, clock, limit=10_000)

    assert budget(limiter.state(), Window.DAY_MONEY).used_by_class[WorkClass.SEARCH] == pytest.approx(2.0)
    assert grants_until_refused(limiter, WorkClass.SEARCH, posts=20)[0] == 10  # up to $3
    assert grants_until_refused(limiter, WorkClass.QUOTES, posts=20)[0] == 40  # up to $8, and then to the pace


def test_the_budgets_of_credentials_are_filled_too(
    make_limiter: MakeLimiter, clock: ManualClock, redis_client: redis.Redis
) -> None:
    """Each credential goes on where the ledger has it, one that joins later too, and each is asked for once."""
    asked: list[int] = []

    def ledger() -> Spent:
        asked.append(1)
        spent = {WorkClass.SEARCH: Totals(0, 300_000, 6, 60)}
        return Spent(spent, credentials={"a": spent, "late": spent})

    limiter = make_limiter(credential_budgets=Budgets(month_posts=100), spent=ledger)
    limiter.settle(grant(limiter, credential_ids=("a", "b")), answered(headers(clock, limit=100, remaining=99)))
    spend(limiter, 3, posts=10, credential_ids=("a",))
    refused = refusal(limiter, posts=50, credential_ids=("late",))

    assert refused.blocked_by == "month_posts"
    assert len(asked) == 2
    state = limiter.state()
    assert budget(state, Window.MONTH_POSTS).used == 90
    for key in ("a", "b", "late"):
        assert redis_client.ttl(f"covey:limit:credential:{key}") > 32 * 86_400
    clock.advance(86_400)
    grant(limiter, posts=40, credential_ids=("late",))
    assert refusal(limiter, posts=11, credential_ids=("a",)).blocked_by == "month_posts"
    assert len(asked) == 2


def test_without_the_ledger_there_is_no_grant(make_limiter: MakeLimiter) -> None:
    """Budgets that cannot be filled allow no call."""

    def ledger() -> Spent:
        raise StoreUnavailable("no server")

    with pytest.raises(LimiterUnavailable, match="no server"):
        make_limiter(spent=ledger).acquire(request())


def test_money_is_exact(make_limiter: MakeLimiter, clock: ManualClock) -> None:
    """Thousands of small sums add up to the micro-dollar."""
    limiter = make_limiter(prices=Prices({PriceKind.POST: 0.000001}), budgets=Budgets(month_usd=0.003))
    open_window(limiter, clock, limit=10_000)

    assert grants_until_refused(limiter, posts=1)[0] == 3_000


def test_budgets_are_kept_past_the_month(limiter: Limiter, clock: ManualClock, redis_client: redis.Redis) -> None:
    """The key of the budgets outlives every month."""
    grant(limiter, posts=1)

    assert redis_client.ttl("covey:limit:project") > timedelta(days=32).total_seconds()
    assert headers(clock, limit=1, remaining=0).date_seconds is not None
