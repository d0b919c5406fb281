"""What a refusal by X stops, and for how long."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest
import redis

from shared.domain.errors import CreditsDepleted, Forbidden, InputError, Paused, Unauthorized
from shared.domain.models import WorkClass
from shared.platforms.x.blocks import block_for
from shared.ratelimit.limiter import Limiter
from shared.ratelimit.model import Block, BlockScope, Grant, Refusal
from shared.runtime.clock import ManualClock, epoch_seconds
from tests.shared.ratelimit.calls import answered, grant, headers, open_window, refusal, refused, request, spend
from tests.shared.ratelimit.conftest import MakeLimiter

CALLS = {
    "same": {},
    "other endpoint": {"endpoint": "lookup"},
    "other credential": {"credential_ids": ("user",)},
    "free": {"posts": 0},
}


@pytest.fixture
def opened(limiter: Limiter, clock: ManualClock) -> Limiter:
    """A limiter with three open windows."""
    for changes in ({}, {"endpoint": "lookup"}, {"credential_ids": ("user",)}):
        open_window(limiter, clock, **changes)
    return limiter


def stopped(limiter: Limiter) -> dict[str, str]:
    """Which of the calls are refused, and by what."""
    answers = {name: limiter.acquire(request(**{"posts": 10, **changes})) for name, changes in CALLS.items()}
    return {name: answer.blocked_by for name, answer in answers.items() if isinstance(answer, Refusal)}


@pytest.mark.parametrize(
    ("scope", "status", "names"),
    [
        (BlockScope.ENDPOINT_WINDOW, 429, {"same", "free"}),
        (BlockScope.PER_SECOND, 429, {"same", "free"}),
        (BlockScope.DAY, 429, {"same", "free"}),
        (BlockScope.CREDENTIAL_ENDPOINT, 403, {"same", "free"}),
        (BlockScope.CREDENTIAL, 401, {"same", "other endpoint", "free"}),
        (BlockScope.USAGE_CAP, 429, {"same", "other endpoint", "other credential"}),
        (BlockScope.PAID, 402, {"same", "other endpoint", "other credential"}),
    ],
)
def test_a_block_reaches_as_far_as_its_scope(
    opened: Limiter, clock: ManualClock, scope: BlockScope, status: int, names: set[str]
) -> None:
    """Each scope stops its own calls for its time, says why, and nothing else."""
    one = grant(opened, posts=10)
    opened.settle(one, refused(status, Block(scope, "x said so", for_seconds=100)))

    assert stopped(opened) == dict.fromkeys(names, scope.value)
    clock.advance(99.9)
    assert refusal(opened, posts=10).wait_seconds == pytest.approx(0.1)
    clock.advance(0.2)
    assert scope.value not in stopped(opened).values()


def test_a_block_until_a_time_of_x_is_placed_by_its_date(opened: Limiter, clock: ManualClock) -> None:
    """The end X names is read on X's own clock, and never taken early."""
    ahead = epoch_seconds(clock.now()) + 120
    rate = headers(clock, limit=100, remaining=50, date_seconds=float(int(ahead)))

    block = Block(BlockScope.USAGE_CAP, "Monthly", until_seconds=int(ahead) + 50)
    opened.settle(grant(opened, posts=10), refused(429, block, rate))

    assert 50 <= refusal(opened, posts=10).wait_seconds <= 52


@pytest.mark.parametrize(
    ("scope", "seconds"),
    [
        (BlockScope.ENDPOINT_WINDOW, 900.75),
        (BlockScope.PER_SECOND, 1.1),
        (BlockScope.DAY, 86_400),
        (BlockScope.CREDENTIAL, 31 * 86_400),
        (BlockScope.CREDENTIAL_ENDPOINT, 31 * 86_400),
    ],
)
def test_a_block_without_an_end_lasts_as_its_scope_does(opened: Limiter, scope: BlockScope, seconds: float) -> None:
    """With no time from X a window is blocked to its end, and what a person must heal for 31 days."""
    opened.settle(grant(opened), refused(429, Block(scope, "")))

    assert refusal(opened).wait_seconds == pytest.approx(seconds, abs=0.3)


def test_the_block_that_ends_last_stays(opened: Limiter) -> None:
    """A shorter block does not shorten a longer one, in either order."""
    first, second, third = (grant(opened) for _ in range(3))
    opened.settle(first, refused(429, Block(BlockScope.PER_SECOND, "burst", for_seconds=5)))
    opened.settle(second, refused(403, Block(BlockScope.CREDENTIAL_ENDPOINT, "plan", for_seconds=500)))
    opened.settle(third, refused(429, Block(BlockScope.PER_SECOND, "burst", for_seconds=5)))

    last = refusal(opened)

    assert (last.blocked_by, last.wait_seconds) == ("credential_endpoint", 500)
    assert next(one for one in opened.state().windows if one.blocked).blocked_reason == "plan"


@pytest.mark.parametrize("error", [Unauthorized, CreditsDepleted, Forbidden])
@pytest.mark.parametrize("has_date", [True, False])
def test_one_call_looks_when_a_block_ends(
    limiter: Limiter, clock: ManualClock, error: type[Paused], has_date: bool
) -> None:
    """Of 32 jobs that come back at the end of a 401, 402 or 403, one is let through, though X had opened a window."""
    block = block_for(error("search", "X said no", reason="why"))
    assert block is not None
    ask = partial(limiter.acquire, request(posts=10))
    for _ in range(3):
        rate = headers(clock, limit=450, remaining=449, reset_in=901)
        look = grant(limiter, posts=10)
        limiter.settle(look, refused(400, block, rate if has_date else replace(rate, date_seconds=None)))
        clock.advance(refusal(limiter, posts=10).wait_seconds)

        with ThreadPoolExecutor(32) as pool:
            answers = [one.result() for one in [pool.submit(ask) for _ in range(32)]]

        granted = [answer for answer in answers if isinstance(answer, Grant)]
        assert [answer.is_probe for answer in granted] == [True]
        assert {answer.blocked_by for answer in answers if isinstance(answer, Refusal)} == {"probe"}
        limiter.settle(granted[0], answered())  # X lets us in; then it refuses again


def test_the_interval_of_an_endpoint_is_learned_from_its_429(opened: Limiter, clock: ManualClock) -> None:
    """After one 429 of the per-second rule, the calls of that endpoint keep apart."""
    opened.settle(grant(opened), refused(429, Block(BlockScope.PER_SECOND, "burst")))
    clock.advance(2)

    grant(opened)

    assert refusal(opened).blocked_by == "interval"
    assert refusal(opened).wait_seconds == pytest.approx(1.1)
    grant(opened, endpoint="lookup")


def test_a_learned_interval_ends_a_quarter_of_an_hour_after_the_last_429(opened: Limiter, clock: ManualClock) -> None:
    """It is shown with its end, a second 429 prolongs it, and then calls follow one another again."""
    opened.settle(grant(opened), refused(429, Block(BlockScope.PER_SECOND, "burst")))
    clock.advance(600)
    opened.settle(grant(opened), refused(429, Block(BlockScope.PER_SECOND, "burst")))
    clock.advance(890)

    shown = [(one.endpoint, one.for_seconds) for one in opened.state().all_blocks if one.scope == "interval"]
    assert shown == [("search", pytest.approx(10))]
    open_window(opened, clock)
    assert refusal(opened).blocked_by == "interval"
    clock.advance(10)

    assert not [one for one in opened.state().windows if one.interval_for_seconds is not None]
    spend(opened, 20)


def test_a_person_can_lift_a_learned_interval(opened: Limiter, clock: ManualClock) -> None:
    """Unblocking the endpoint for the credential ends the interval, also when the block itself is over."""
    opened.settle(grant(opened), refused(429, Block(BlockScope.PER_SECOND, "burst")))
    clock.advance(2)

    assert opened.unblock(credential_id="app", endpoint="search")
    assert not opened.unblock(credential_id="app", endpoint="search")

    spend(opened, 20)


def test_a_configured_interval_outlives_a_learned_one(make_limiter: MakeLimiter, clock: ManualClock) -> None:
    """The longer of the two holds, and the configured one stays."""
    limiter = make_limiter(intervals_seconds={"search": 0.5})
    open_window(limiter, clock)
    clock.advance(1)
    limiter.settle(grant(limiter), refused(429, Block(BlockScope.PER_SECOND, "burst")))
    clock.advance(1.1)
    grant(limiter)
    assert refusal(limiter).wait_seconds == pytest.approx(1.1)

    assert limiter.unblock(credential_id="app", endpoint="search")

    assert refusal(limiter).wait_seconds == pytest.approx(0.5)


def test_a_blocked_credential_leaves_the_work_to_another(opened: Limiter) -> None:
    """With two credentials, a 401 of one moves all calls to the other."""
    both = {"credential_ids": ("app", "user")}
    opened.settle(grant(opened), refused(401, Block(BlockScope.CREDENTIAL, "expired")))

    assert {grant(opened, **both).credential_id for _ in range(5)} == {"user"}


def test_a_person_can_lift_a_block(opened: Limiter) -> None:
    """Each kind of block is lifted by naming what it stands on."""
    for scope, names in (
        (BlockScope.PAID, {}),
        (BlockScope.CREDENTIAL, {"credential_id": "app"}),
        (BlockScope.CREDENTIAL_ENDPOINT, {"credential_id": "app", "endpoint": "search"}),
    ):
        opened.settle(grant(opened, posts=1), refused(403, Block(scope, "why")))
        assert refusal(opened, posts=1).blocked_by == scope
        assert opened.unblock(**names)
        assert not opened.unblock(**names)
        grant(opened, posts=1)


def test_an_endpoint_is_unblocked_for_a_credential_only(limiter: Limiter) -> None:
    """An endpoint alone does not say whose block to lift."""
    with pytest.raises(InputError, match="search"):
        limiter.unblock(endpoint="search")


def test_a_block_has_one_end() -> None:
    """Two ends contradict each other."""
    with pytest.raises(InputError, match="paid"):
        Block(BlockScope.PAID, "", until_seconds=1, for_seconds=1)


def test_blocks_are_shown(opened: Limiter) -> None:
    """The state tells what is blocked, why, and for how long."""
    opened.settle(grant(opened), refused(402, Block(BlockScope.PAID, "CreditsDepleted", for_seconds=60)))
    opened.settle(grant(opened), refused(401, Block(BlockScope.CREDENTIAL, "Unauthorized", for_seconds=30)))

    shown = [(one.scope, one.credential_id, one.reason, one.for_seconds) for one in opened.state().blocks]

    assert shown == [("paid", None, "CreditsDepleted", 60), ("credential", "app", "Unauthorized", 30)]


def test_a_block_is_kept_as_long_as_it_lasts(opened: Limiter, clock: ManualClock, redis_client: redis.Redis) -> None:
    """The key of a blocked window does not expire before its block, whatever is settled later."""
    late = grant(opened)
    opened.settle(grant(opened), refused(403, Block(BlockScope.CREDENTIAL_ENDPOINT, "plan")))
    opened.settle(
        late, refused(200, Block(BlockScope.PER_SECOND, ""), headers(clock, limit=9, remaining=8, reset_in=999))
    )

    assert redis_client.ttl("covey:limit:window:search:app") > 31 * 86_400


def test_a_dead_lease_cannot_block_twice(opened: Limiter, clock: ManualClock) -> None:
    """A settlement that comes after the lease still tells what X said."""
    one: Grant = grant(opened, WorkClass.SEARCH)
    clock.advance(61)
    opened.settle(one, refused(401, Block(BlockScope.CREDENTIAL, "expired", for_seconds=10)))

    assert refusal(opened).blocked_by == "credential"
