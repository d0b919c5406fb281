"""How full a budget is, and what that stops."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.models import WorkClass
from shared.domain.money.budgets import Budgets
from shared.domain.money.prices import Prices
from shared.platforms.x.fields import Dialect
from shared.ratelimit.limiter import Limiter
from shared.ratelimit.model import BUDGETS, CallRequest, Grant, Settlement
from shared.runtime.clock import ManualClock
from shared.spending.levels import (
    Level,
    TooSmall,
    held_back,
    least_of,
    level_of,
    project_budgets,
    too_small,
    used_ratio,
)
from tests.amounts import amounts

SHARES = {WorkClass.SEARCH: 0.5, WorkClass.QUOTES: 0.1}
spendings = st.dictionaries(st.sampled_from(WorkClass), st.integers(0, 120))


@pytest.mark.parametrize(
    ("used", "limit", "level"),
    [
        (10**9, None, Level.OPEN),
        (0.0, 0.1, Level.OPEN),
        (0.079, 0.1, Level.OPEN),
        (0.08, 0.1, Level.WARNING),
        (0.094, 0.1, Level.WARNING),
        (0.095, 0.1, Level.BACKGROUND_STOPPED),
        (0.1, 0.1, Level.SPENT),
        (5.0, 0.1, Level.SPENT),
        (0.0, 0.0, Level.SPENT),
    ],
)
def test_levels_begin_where_they_say(used: float, limit: float | None, level: Level) -> None:
    """80, 95 and 100 % begin exactly there; without a limit nothing fills, and a limit of nothing is spent."""
    assert level_of(used, limit) is level


def test_the_ratio_of_no_limit_is_zero() -> None:
    """So that a gauge has a value, and no alert fires."""
    assert (used_ratio(5.0, None), used_ratio(5.0, 0.0), used_ratio(1.0, 4.0)) == (0.0, 1.0, 0.25)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    spent=spendings,
    hour=st.integers(0, 23),
    day=st.integers(1, 30),
    dialect=st.sampled_from(Dialect),
    limits=st.sampled_from(
        [{"day_usd": 0.5}, {"month_usd": 0.5}, {"month_posts": 100}, {"month_requests": 8}, {"day_usd": 0.0}, {}]
    ),
)
def test_who_is_held_back_is_whom_the_limiter_refuses(
    spent: dict[WorkClass, int],
    hour: int,
    day: int,
    dialect: Dialect,
    limits: dict[str, float],
    redis_client: redis.Redis,
) -> None:
    """At any time of the month and for any spending: a class is held back exactly when its least call is refused."""
    redis_client.flushall()
    now = datetime(2026, 11, day, hour, 30, tzinfo=UTC)
    limiter = Limiter(redis_client, budgets=Budgets(**limits, shares=SHARES), clock=ManualClock(now))  # type: ignore[arg-type]
    for work_class, posts in spent.items():
        grant = limiter.acquire(CallRequest(f"of-{work_class}", ("app",), work_class))
        if isinstance(grant, Grant):
            limiter.settle(grant, Settlement(answered=True, status=200, billed=amounts(posts)))

    for work_class in WorkClass:
        held = held_back(project_budgets(limiter.state()), SHARES, Prices(), now, dialect)
        asked = CallRequest(f"for-{work_class}", ("app",), work_class, most=least_of(work_class, dialect))
        answer = limiter.acquire(asked)
        if isinstance(answer, Grant):
            limiter.settle(answer, Settlement(answered=True, status=200))
        assert (not isinstance(answer, Grant) and answer.blocked_by in BUDGETS) == (work_class in held)


def test_a_budget_that_never_holds_a_call_is_named() -> None:
    """A day too small for a page of the new dialect, a share too small for any; no limit and 0 are meant so."""
    prices = Prices()

    assert too_small({"day_usd": 1.0, "month_usd": None, "month_posts": 0}, {}, prices, Dialect.NEW) == []
    assert {one.work_class for one in too_small({"day_usd": 0.2}, {}, prices, Dialect.NEW)} == {
        *(WorkClass.SEARCH, WorkClass.QUOTES, WorkClass.BACKFILL)
    }
    assert too_small({"day_usd": 1.0}, {WorkClass.ENGAGEMENT: 0.04}, prices, Dialect.OLD) == [
        TooSmall("day_usd", WorkClass.ENGAGEMENT, 0.04, 0.05)
    ]
    assert too_small({"month_posts": 20}, {WorkClass.SEARCH: 0.5}, prices, Dialect.OLD) == []
    assert too_small({"month_requests": 20}, {WorkClass.SEARCH: 0.04}, prices, Dialect.OLD) == [
        TooSmall("month_requests", WorkClass.SEARCH, 0.8, 1)
    ]
    assert [one.least for one in too_small({"month_posts": 20}, {WorkClass.SEARCH: 0.4}, prices, Dialect.OLD)] == [10]
