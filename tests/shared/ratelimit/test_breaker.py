"""The breaker of an endpoint: what X's faults in a row stop, for how long, and how it ends."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import redis

from shared.domain.models import WorkClass
from shared.ratelimit.limiter import Limiter
from shared.ratelimit.model import BlockState, Grant, Settlement
from shared.ratelimit.rules import BREAKER_FAULTS
from shared.runtime.clock import ManualClock
from tests.shared.ratelimit.calls import answered, grant, open_window, refusal, request, spend
from tests.shared.ratelimit.conftest import MakeLimiter

FAULT = answered(status=503, fault=True)
SILENCE = Settlement(answered=False, fault=True)
BOTH: dict[str, Any] = {"credential_ids": ("app", "user")}


@pytest.fixture
def opened(limiter: Limiter, clock: ManualClock) -> Limiter:
    """A limiter that knows the windows of `search` for two credentials, and of `lookup`."""
    for changes in ({}, {"credential_ids": ("user",)}, {"endpoint": "lookup"}):
        open_window(limiter, clock, limit=1000, **changes)
    return limiter


def fail(limiter: Limiter, count: int = BREAKER_FAULTS, fault: Settlement = FAULT) -> None:
    """So many calls of `search`, one after another, that X fails."""
    for _ in range(count):
        limiter.settle(grant(limiter), fault)


@pytest.mark.parametrize("fault", [FAULT, SILENCE], ids=["5xx", "silence"])
def test_faults_in_a_row_stop_the_endpoint_only(opened: Limiter, fault: Settlement) -> None:
    """After five faults every class and credential is refused at that endpoint, and at no other."""
    fail(opened, BREAKER_FAULTS - 1, fault)
    grant(opened)
    fail(opened, 1, fault)

    for work_class in WorkClass:
        stopped = refusal(opened, work_class, **BOTH)
        assert (stopped.blocked_by, stopped.wait_seconds) == ("breaker", 5)
    grant(opened, endpoint="lookup")


@pytest.mark.parametrize("answer", [answered(), answered(status=404), answered(status=429)])
def test_an_answer_between_faults_begins_the_count_anew(opened: Limiter, answer: Settlement) -> None:
    """Faults with an answer among them, good or a refusal, open nothing."""
    for _ in range(3):
        fail(opened, BREAKER_FAULTS - 1)
        opened.settle(grant(opened), answer)

    grant(opened)


def test_silence_without_a_fault_of_x_counts_for_nothing(opened: Limiter) -> None:
    """A call that was given up here neither adds to the faults nor ends them."""
    for _ in range(BREAKER_FAULTS):
        opened.settle(grant(opened), Settlement(answered=False))
    fail(opened, BREAKER_FAULTS - 1)
    opened.settle(grant(opened), Settlement(answered=False))
    fail(opened, 1)

    assert refusal(opened).blocked_by == "breaker"


def test_one_call_looks_and_its_answer_closes(opened: Limiter, clock: ManualClock) -> None:
    """When the time is over one call goes, whatever its credential, the others wait, and its success lets all go."""
    fail(opened)
    clock.advance(5)

    looking = grant(opened, **BOTH)
    others = [refusal(opened, credential_ids=(one,)) for one in ("app", "user")]
    opened.settle(looking, answered())

    assert [(one.blocked_by, one.wait_seconds) for one in others] == [("breaker", 1), ("breaker", 1)]
    spend(opened, 10)
    assert opened.state().blocks == ()


def test_each_look_that_fails_doubles_the_time_up_to_five_minutes(opened: Limiter, clock: ManualClock) -> None:
    """The times are 5 s, doubled, 300 s at most; after one success they begin at 5 s again."""
    fail(opened)
    waits = []
    for _ in range(8):
        waits.append(refusal(opened).wait_seconds)
        clock.advance(waits[-1])
        fail(opened, 1)
    clock.advance(300)
    opened.settle(grant(opened), answered())
    fail(opened)

    assert waits == [5, 10, 20, 40, 80, 160, 300, 300]
    assert refusal(opened).wait_seconds == 5


def test_a_look_whose_holder_dies_frees_after_its_lease(make_limiter: MakeLimiter, clock: ManualClock) -> None:
    """The others wait one lease and no longer; then the next looks, and the late word of the dead one is not heard."""
    limiter = make_limiter(lease_seconds=30)
    open_window(limiter, clock, limit=100)
    fail(limiter)
    clock.advance(5)
    dead = grant(limiter)

    clock.advance(29.9)
    assert refusal(limiter).wait_seconds == pytest.approx(0.1)
    clock.advance(0.1)
    second = grant(limiter)
    limiter.settle(dead, answered())

    assert refusal(limiter).blocked_by == "breaker"
    limiter.settle(second, answered())
    grant(limiter)


def test_a_look_that_was_given_up_lets_the_next_one_look(opened: Limiter, clock: ManualClock) -> None:
    """A worker that stops in the middle of a look says nothing about X: another may look at once, and only one."""
    fail(opened)
    clock.advance(5)
    opened.settle(grant(opened), Settlement(answered=False))

    grant(opened)
    assert refusal(opened).blocked_by == "breaker"


@pytest.mark.parametrize("late", [FAULT, answered()], ids=["fault", "answer"])
def test_calls_from_before_have_no_say(opened: Limiter, clock: ManualClock, late: Settlement) -> None:
    """What was in flight when it opened neither lengthens its time nor ends it."""
    in_flight = spend(opened, 8)
    fail(opened)
    for one in in_flight:
        opened.settle(one, late)

    assert refusal(opened).wait_seconds == 5
    clock.advance(5)
    grant(opened)


def test_a_grant_settled_twice_is_one_fault(opened: Limiter) -> None:
    """The second settlement of a grant changes nothing."""
    one = grant(opened)
    for _ in range(BREAKER_FAULTS):
        opened.settle(one, FAULT)

    grant(opened)


def test_a_call_that_something_else_refuses_does_not_look(opened: Limiter, clock: ManualClock) -> None:
    """The look is taken by a call that goes: one whose window is used up leaves it to the next."""
    open_window(opened, clock, limit=1, credential_ids=("poor",))
    fail(opened)
    clock.advance(5)

    assert refusal(opened, credential_ids=("poor",)).blocked_by == "window"
    grant(opened)


def test_an_open_breaker_is_shown(opened: Limiter, clock: ManualClock) -> None:
    """The state names the endpoint, how often X failed, and when one call looks again; 0 when one may now."""
    fail(opened)
    clock.advance(2)
    [shown] = opened.state().blocks
    clock.advance(9)
    [over] = opened.state().blocks

    assert shown == BlockState("breaker", None, "5 faults in a row", 3, endpoint="search")
    assert over.for_seconds == 0


def test_all_processes_share_it_and_it_outlives_none_of_them(
    opened: Limiter, make_limiter: MakeLimiter, redis_client: redis.Redis
) -> None:
    """Another limiter on the same Redis is refused too; what is kept lies in the project's hash, which expires."""
    fail(opened)

    assert refusal(make_limiter()).blocked_by == "breaker"
    assert redis_client.ttl("covey:limit:project") > 0
    opened.settle(grant(opened, endpoint="lookup"), answered())
    assert not redis_client.hexists("covey:limit:project", "faults:lookup")


def test_of_many_that_come_back_at_once_one_looks(redis_client: redis.Redis, clock: ManualClock) -> None:
    """Sixteen threads that ask in the same moment get one grant between them."""
    limiter = Limiter(redis_client, clock=clock)
    open_window(limiter, clock, limit=1000)
    fail(limiter)
    clock.advance(5)
    granted: list[Grant] = []
    start = threading.Barrier(16)

    def ask() -> None:
        start.wait(10)
        answer = limiter.acquire(request())
        if isinstance(answer, Grant):
            granted.append(answer)

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert len(granted) == 1
