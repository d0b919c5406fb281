"""The Lua on real Redis against the same decisions in plain Python, and against an X that counts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from shared.domain.models import RateHeaders, WorkClass
from shared.domain.money.budgets import Budgets
from shared.domain.money.prices import PriceKind, Prices
from shared.ratelimit.limiter import Limiter
from shared.ratelimit.model import CallRequest, Grant, Settlement
from shared.runtime.clock import ManualClock, epoch_seconds
from tests.amounts import amounts
from tests.shared.ratelimit.calls import answered
from tests.shared.ratelimit.counting_x import WINDOW_SECONDS, CountingX
from tests.shared.ratelimit.reference import Reference

START = datetime(2026, 11, 10, 3, 0, 0, 250_000, tzinfo=UTC)
MONTH = (datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1000, datetime(2026, 12, 1, tzinfo=UTC).timestamp() * 1000)
CREDENTIALS = ("a", "b")
LEASE_SECONDS = 60
BUDGETS = Budgets(day_usd=3.0, month_posts=900, shares={WorkClass.SEARCH: 0.4, WorkClass.BACKFILL: 0.1})


class LimiterMachine(RuleBasedStateMachine):
    """Any interleaving of grants, arrivals at X, answers, losses and time."""

    client: redis.Redis

    @initialize(
        limit=st.integers(1, 25),
        day_limit=st.none() | st.integers(1, 60),
        offset=st.sampled_from([-2.0, -0.6, 0.0, 0.3, 2.0]),
        cuts_resets=st.booleans(),
        fault=st.sampled_from(["", "", "headers", "stranger"]),
    )
    def start(self, limit: int, day_limit: int | None, offset: float, cuts_resets: bool, fault: str) -> None:
        self.client.flushall()
        self.clock = ManualClock(START)
        self.limiter = Limiter(self.client, clock=self.clock, budgets=BUDGETS, lease_seconds=LEASE_SECONDS)
        self.reference = Reference(
            window_ms=WINDOW_SECONDS * 1000, lease_ms=LEASE_SECONDS * 1000, budgets=BUDGETS, prices=Prices()
        )
        self.reference.start_day(self.now_ms, MONTH)
        self.x = CountingX(limit, day_limit=day_limit, offset_seconds=offset, cuts_resets=cuts_resets)
        self.fault = fault
        self.on_the_way: list[tuple[Grant, CallRequest, float]] = []
        self.answered: list[tuple[Grant, CallRequest, RateHeaders]] = []

    @property
    def now_ms(self) -> int:
        return round(epoch_seconds(self.clock.now()) * 1000)

    @rule(
        work_class=st.sampled_from(WorkClass),
        credential_ids=st.sampled_from([("a",), ("b",), CREDENTIALS]),
        posts=st.sampled_from([0, 10, 100]),
        count=st.integers(1, 12),
    )
    def acquire(self, work_class: WorkClass, credential_ids: tuple[str, ...], posts: int, count: int) -> None:
        for _ in range(count):
            request = CallRequest("search", credential_ids, work_class, amounts(posts, posts // 10))
            answer = self.limiter.acquire(request)
            grant_id = answer.id if isinstance(answer, Grant) else ""
            expected = self.reference.acquire(self.now_ms, request, grant_id)
            if isinstance(answer, Grant):
                assert expected == (answer.credential_id, answer.is_probe)
                self.on_the_way.append((answer, request, self.now_ms + LEASE_SECONDS * 1000))
            else:
                assert expected == (round(answer.wait_seconds * 1000), answer.blocked_by)

    @precondition(lambda self: self.on_the_way)
    @rule(data=st.data(), count=st.integers(1, 12))
    def arrive(self, data: st.DataObject, count: int) -> None:
        for _ in range(min(count, len(self.on_the_way))):
            place = data.draw(st.integers(0, len(self.on_the_way) - 1))
            grant, request, lease_ends = self.on_the_way.pop(place)
            if self.now_ms < lease_ends:  # a call is shorter than its lease
                rate, _ = self.x.arrive(grant.credential_id, epoch_seconds(self.clock.now()), is_probe=grant.is_probe)
                self.answered.append((grant, request, rate))

    @precondition(lambda self: self.answered)
    @rule(
        data=st.data(),
        count=st.integers(1, 12),
        kind=st.sampled_from(["whole", "whole", "whole", "cut", "lost", "5xx", "silent"]),
    )
    def settle(self, data: st.DataObject, count: int, kind: str) -> None:
        for _ in range(min(count, len(self.answered))):
            grant, request, rate = self.answered.pop(data.draw(st.integers(0, len(self.answered) - 1)))
            if kind == "lost":
                continue
            settlement = answered(rate, posts=min(5, request.most[PriceKind.POST]))
            if kind == "cut":
                settlement = Settlement(answered=self.fault == "headers", billed=request.most)
            if kind == "5xx":
                settlement = answered(rate, status=503, fault=True)
            elif kind == "silent":
                settlement = Settlement(answered=False, fault=True)
            self.limiter.settle(grant, settlement)
            self.reference.settle(self.now_ms, ("search", grant.credential_id), grant.id, request, settlement)

    @rule(credential_id=st.sampled_from(CREDENTIALS), count=st.integers(4, 7))
    def outage(self, credential_id: str, count: int) -> None:
        for _ in range(count):
            known = len(self.on_the_way)
            self.acquire(WorkClass.INTERACTIVE, (credential_id,), 0, 1)
            if len(self.on_the_way) > known:
                grant, request, _ = self.on_the_way.pop()
                rate, _ = self.x.arrive(credential_id, epoch_seconds(self.clock.now()), is_probe=grant.is_probe)
                settlement = answered(rate, status=503, fault=True)
                self.limiter.settle(grant, settlement)
                self.reference.settle(self.now_ms, ("search", credential_id), grant.id, request, settlement)

    @precondition(lambda self: getattr(self, "fault", "") == "stranger")
    @rule(credential_id=st.sampled_from(CREDENTIALS), count=st.integers(1, 8))
    def stranger(self, credential_id: str, count: int) -> None:
        for _ in range(count):
            self.x.arrive(credential_id, epoch_seconds(self.clock.now()), is_probe=False)

    @rule(seconds=st.sampled_from([0.05, 1.0, 7.3, 61.0, 400.0, 890.0, 903.0]))
    def wait(self, seconds: float) -> None:
        if self.clock.now().hour < 22:  # the budgets' day ends in tests of their own
            self.clock.advance(seconds)

    @invariant()
    def x_refuses_nothing(self) -> None:
        """Never more calls than any window of X allows, but for a probe whose predecessor was lost.

        Where X leaves its headers out, or a stranger spends the same token, nobody could be exact.
        """
        if hasattr(self, "x") and not self.fault:
            assert all(refusal.is_probe for refusal in self.x.refused)

    @invariant()
    def state_is_as_expected(self) -> None:
        """The numbers in Redis are those of the reference; no grant is in flight longer than its lease."""
        if not hasattr(self, "x"):
            return
        state, now = self.limiter.state(), self.now_ms
        for shown in state.windows:
            window = self.reference.window(shown.endpoint, shown.credential_id)
            is_open = window.quarter.ends_at > now
            assert shown.remaining == (max(0, window.quarter.free) if is_open else None)
            assert shown.in_flight == sum(lease.ends_at > now for lease in window.leases.values())
            assert shown.day_remaining == (max(0, window.day.free) if window.day.ends_at > now else None)
        shown_open = {one.endpoint: one.for_seconds for one in state.blocks if one.scope == "breaker"}
        assert shown_open == {
            endpoint: pytest.approx(max(0, breaker.open_until - now) / 1000)
            for endpoint, breaker in self.reference.breakers.items()
            if breaker.opened
        }
        for budget in state.budgets:
            if budget.window in self.reference.spent:
                spent = sum(self.reference.spent[budget.window].values())
                assert budget.used == pytest.approx(spent / (1_000_000 if budget.window == "day_money" else 1))
                assert budget.limit is None or budget.used <= budget.limit


@pytest.fixture
def machine(redis_client: redis.Redis) -> type[LimiterMachine]:
    """The machine on the test Redis."""
    LimiterMachine.client = redis_client
    return LimiterMachine


def test_lua_decides_as_the_reference_does(machine: type[LimiterMachine]) -> None:
    """In any order of events the Lua answers as plain Python does, and X never sees a call too many."""
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
