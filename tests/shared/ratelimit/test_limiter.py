"""The mirror of X's 15-minute window and of its 24-hour cap."""

from __future__ import annotations

import dataclasses
import json

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.errors import InputError, LimiterUnavailable
from shared.domain.models import RateHeaders, WorkClass
from shared.ratelimit.limiter import Limiter
from shared.ratelimit.model import CallRequest, Grant, Settlement
from shared.redis.connection import connect
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
from tests.shared.ratelimit.conftest import START, MakeLimiter


def test_only_a_probe_passes_while_the_window_is_unknown(limiter: Limiter) -> None:
    """The first call of an unknown window is a probe, and the next is told to wait shortly."""
    first = grant(limiter)
    second = refusal(limiter)

    assert first.is_probe
    assert (second.blocked_by, second.wait_seconds) == ("probe", 0.2)


def test_the_answer_of_the_probe_opens_the_window(limiter: Limiter, clock: ManualClock) -> None:
    """After the probe exactly the calls that X named are granted, and the refusal waits for the reset."""
    open_window(limiter, clock, limit=100, reset_in=900)

    count, last = grants_until_refused(limiter)

    assert count == 99
    assert last.blocked_by == "window"
    assert 900.0 <= last.wait_seconds <= 902.0


def test_a_probe_that_dies_frees_after_its_lease(make_limiter: MakeLimiter, clock: ManualClock) -> None:
    """A probe that is never settled holds the others back for one lease and no longer."""
    limiter = make_limiter(lease_seconds=30)
    grant(limiter)

    clock.advance(29.9)
    waiting = refusal(limiter)
    clock.advance(0.1)
    second = grant(limiter)

    assert waiting.wait_seconds == pytest.approx(0.1)
    assert second.is_probe


def test_a_probe_without_an_answer_lets_the_next_one_try(limiter: Limiter) -> None:
    """An unanswered probe teaches nothing, so another one may go at once."""
    limiter.settle(grant(limiter), Settlement(answered=False))

    assert grant(limiter).is_probe


def test_a_late_probe_does_not_free_the_place_of_its_successor(make_limiter: MakeLimiter, clock: ManualClock) -> None:
    """Only the probe that is being waited for may let another one through."""
    limiter = make_limiter(lease_seconds=30)
    dead = grant(limiter)
    clock.advance(30)
    grant(limiter)

    limiter.settle(dead, Settlement(answered=False))

    assert refusal(limiter).blocked_by == "probe"


def test_headers_of_calls_in_order_change_nothing(limiter: Limiter, clock: ManualClock) -> None:
    """Without strangers the headers only repeat what was counted, in whatever order they arrive."""
    rate = open_window(limiter, clock, limit=100)
    grants = spend(limiter, 10)

    for place, one in sorted(enumerate(grants), key=lambda pair: (pair[0] * 7) % 10):
        limiter.settle(one, answered(dataclasses.replace(rate, remaining=98 - place)))

    assert limiter.state().windows[0].remaining == 89


def test_a_stranger_on_the_same_token_is_believed(limiter: Limiter, clock: ManualClock) -> None:
    """When X counts more than was granted, its number counts, less the calls still in flight."""
    rate = open_window(limiter, clock, limit=100)
    first, *others = spend(limiter, 5)

    limiter.settle(first, answered(dataclasses.replace(rate, remaining=40)))

    assert limiter.state().windows[0].remaining == 40 - len(others)
    for place, one in enumerate(others, start=1):
        limiter.settle(one, answered(dataclasses.replace(rate, remaining=40 - place)))
    assert limiter.state().windows[0].remaining == 36
    assert grants_until_refused(limiter)[0] == 36


def test_a_call_nobody_heard_of_is_counted(make_limiter: MakeLimiter, clock: ManualClock) -> None:
    """When X counted a dead probe in the window that the next probe opens, that call is spent and no more is lost."""
    limiter = make_limiter(lease_seconds=30)
    grant(limiter)
    clock.advance(30)
    limiter.settle(grant(limiter), answered(headers(clock, limit=10, remaining=8)))

    lost = grant(limiter)
    rest, _ = grants_until_refused(limiter)

    assert not lost.is_probe
    assert rest == 7


def test_calls_in_flight_that_a_stranger_left_room_for_give_a_short_wait(limiter: Limiter, clock: ManualClock) -> None:
    """While answers on their way can still tell of room, the wait is short and not until the reset."""
    rate = open_window(limiter, clock, limit=100)
    first, *_ = spend(limiter, 5)
    limiter.settle(first, answered(dataclasses.replace(rate, remaining=4)))

    assert refusal(limiter).wait_seconds == pytest.approx(0.2)


def test_no_answer_counts_as_spent(limiter: Limiter, clock: ManualClock) -> None:
    """A call that X may have counted is never given back."""
    open_window(limiter, clock, limit=3)

    limiter.settle(grant(limiter), Settlement(answered=False))

    assert grants_until_refused(limiter)[0] == 1


def test_the_lease_of_a_dead_worker_ends_as_spent(limiter: Limiter, clock: ManualClock) -> None:
    """A grant that is never settled leaves no call in flight after its lease, and its call stays counted."""
    open_window(limiter, clock, limit=10)
    spend(limiter, 4)

    clock.advance(60)

    state = limiter.state().windows[0]
    assert (state.in_flight, state.remaining) == (0, 5)


def test_a_missing_header_keeps_the_local_count(limiter: Limiter, clock: ManualClock) -> None:
    """Answers without headers change nothing in an open window."""
    open_window(limiter, clock, limit=10)
    for one in spend(limiter, 4):
        limiter.settle(one, answered())

    assert limiter.state().windows[0].remaining == 5


def test_a_probe_without_headers_opens_a_window_like_the_last(limiter: Limiter, clock: ManualClock) -> None:
    """Where X sends no headers for a new window, the last limit and our own 15 minutes hold."""
    open_window(limiter, clock, limit=10, reset_in=900)
    clock.advance(902)

    limiter.settle(grant(limiter), answered())

    count, last = grants_until_refused(limiter)
    assert count == 9
    assert last.wait_seconds == pytest.approx(900)


def test_an_endpoint_that_never_sends_headers_gets_one_call_at_a_time(limiter: Limiter) -> None:
    """Without any limit known, every call is a probe."""
    for _ in range(3):
        one = grant(limiter)
        assert refusal(limiter).blocked_by == "probe"
        limiter.settle(one, answered())

    assert limiter.state().windows[0].limit is None


def test_the_reset_is_placed_by_the_clock_of_x(limiter: Limiter, clock: ManualClock) -> None:
    """With X's clock 2 s off, the window still ends 900 s after its Date, at most 2 s late and never early."""
    for offset in (-2, 2):
        endpoint = f"search{offset}"
        date = float(int(clock.now().timestamp()) + offset)
        rate = RateHeaders(limit=5, remaining=0, reset_at_seconds=int(date) + 900, date_seconds=date)
        limiter.settle(grant(limiter, endpoint=endpoint), answered(rate))

        assert 900.0 <= refusal(limiter, endpoint=endpoint).wait_seconds <= 902.0


def test_later_answers_place_the_reset_better(limiter: Limiter, clock: ManualClock) -> None:
    """Every answer bounds the reset from above, so the earliest bound stays."""
    rate = headers(clock, limit=50, remaining=49, reset_in=900)
    one = grant(limiter)
    clock.advance(5)
    limiter.settle(one, answered(rate))  # an answer that was 5 s on its way
    slow = limiter.state().windows[0].reset_in_seconds
    two = grant(limiter)
    limiter.settle(two, answered(headers(clock, limit=50, remaining=48, reset_in=895)))
    quick = limiter.state().windows[0].reset_in_seconds
    three = grant(limiter)
    limiter.settle(
        three, answered(headers(clock, limit=50, remaining=47, reset_in=895, date_seconds=rate.date_seconds))
    )

    assert limiter.state().windows[0].reset_in_seconds == quick
    assert slow == pytest.approx(901)
    assert quick == pytest.approx(896)


def test_without_a_date_the_reset_is_placed_with_a_wide_guard(limiter: Limiter, clock: ManualClock) -> None:
    """A reset that cannot be placed by X's clock is taken from ours, plus 5 s."""
    rate = dataclasses.replace(headers(clock, limit=1, remaining=0, reset_in=900), date_seconds=None)
    limiter.settle(grant(limiter), answered(rate))

    assert refusal(limiter).wait_seconds == pytest.approx(900 + 5 - 0.25)


def test_a_window_that_ended_is_probed_once(limiter: Limiter, clock: ManualClock) -> None:
    """After the reset one probe passes, and its newer reset opens the next window."""
    open_window(limiter, clock, limit=2, reset_in=900)
    spend(limiter, 1)
    clock.advance(902)

    probe = grant(limiter)

    assert probe.is_probe
    assert refusal(limiter).blocked_by == "probe"
    limiter.settle(probe, answered(headers(clock, limit=4, remaining=3)))
    assert grants_until_refused(limiter)[0] == 3


def test_a_late_answer_of_an_older_window_is_ignored(limiter: Limiter, clock: ManualClock) -> None:
    """An answer with an older reset neither lowers the count of the new window nor brings the old one back."""
    old = open_window(limiter, clock, limit=10, reset_in=900)
    straggler = grant(limiter)
    clock.advance(30)
    newer = headers(clock, limit=10, remaining=9, reset_in=900)
    limiter.settle(grant(limiter), answered(newer))

    limiter.settle(straggler, answered(dataclasses.replace(old, remaining=0)))

    state = limiter.state().windows[0]
    assert (state.remaining, state.in_flight) == (9, 0)


def test_calls_in_flight_at_the_turn_count_in_the_new_window(limiter: Limiter, clock: ManualClock) -> None:
    """A call granted before the turn may land after it, so it counts until its answer says where it was counted."""
    old = open_window(limiter, clock, limit=10, reset_in=900)
    before, lost, after = spend(limiter, 3)
    clock.advance(30)
    newer = headers(clock, limit=10, remaining=9, reset_in=900)
    limiter.settle(after, answered(newer))
    at_the_turn = limiter.state().windows[0].remaining
    limiter.settle(before, answered(dataclasses.replace(old, remaining=7)))

    assert at_the_turn == 7
    assert limiter.state().windows[0].remaining == 8
    limiter.settle(lost, Settlement(answered=False))
    assert limiter.state().windows[0].remaining == 8


def test_x_may_still_be_in_the_window_we_thought_over(limiter: Limiter, clock: ManualClock) -> None:
    """When a probe after the end is answered with the same reset, the end moves and no calls are given again."""
    rate = open_window(limiter, clock, limit=10, reset_in=900)
    spend(limiter, 4)
    clock.advance(902)
    probe = grant(limiter)

    date = rate.date_seconds
    assert date is not None
    limiter.settle(probe, answered(dataclasses.replace(rate, remaining=4, date_seconds=date + 890)))

    count, last = grants_until_refused(limiter)
    assert count == 4
    assert last.wait_seconds == pytest.approx(11)


def test_a_reset_that_goes_back_after_the_end_is_a_new_window(limiter: Limiter, clock: ManualClock) -> None:
    """A probe after the end is believed whatever reset it brings, so a server with a new clock does not lock us out."""
    open_window(limiter, clock, limit=10, reset_in=900)
    clock.advance(902)
    probe = grant(limiter)

    limiter.settle(probe, answered(RateHeaders(limit=8, remaining=7, reset_at_seconds=5_000, date_seconds=4_100.0)))

    assert grants_until_refused(limiter)[0] == 7


def test_a_limit_cut_in_the_window_holds_at_once(limiter: Limiter, clock: ManualClock) -> None:
    """A lower limit in the headers leaves only what it allows."""
    rate = open_window(limiter, clock, limit=100)
    one = grant(limiter)

    limiter.settle(one, answered(dataclasses.replace(rate, limit=20, remaining=18)))

    assert grants_until_refused(limiter)[0] == 18


def test_the_credential_with_the_most_room_is_taken(limiter: Limiter, clock: ManualClock) -> None:
    """Of several credentials the one with the most calls left is used, and all are used up before a refusal."""
    both = ("small", "large")
    open_window(limiter, clock, limit=3, credential_ids=("small",))
    open_window(limiter, clock, limit=6, credential_ids=("large",))

    picked = [grant(limiter, credential_ids=both).credential_id for _ in range(7)]

    assert picked[:3] == ["large"] * 3
    assert (picked.count("small"), picked.count("large")) == (2, 5)
    assert refusal(limiter, credential_ids=both).blocked_by == "window"


def test_the_wait_is_that_of_the_credential_that_is_free_first(limiter: Limiter, clock: ManualClock) -> None:
    """With every credential used up, the shortest wait counts."""
    open_window(limiter, clock, limit=1, reset_in=800, credential_ids=("a",))
    open_window(limiter, clock, limit=1, reset_in=300, credential_ids=("b",))

    assert 300 <= refusal(limiter, credential_ids=("a", "b")).wait_seconds <= 302


def test_a_known_window_is_used_before_another_is_probed(limiter: Limiter, clock: ManualClock) -> None:
    """A credential with room is preferred to one that nothing is known of; after that the other is probed."""
    open_window(limiter, clock, limit=2, credential_ids=("known",))

    first, second = spend(limiter, 2, credential_ids=("unknown", "known"))

    assert (first.credential_id, first.is_probe) == ("known", False)
    assert (second.credential_id, second.is_probe) == ("unknown", True)


def test_endpoints_and_credentials_do_not_share_a_window(limiter: Limiter, clock: ManualClock) -> None:
    """One used up window stops nothing else."""
    open_window(limiter, clock, limit=1)

    assert refusal(limiter).blocked_by == "window"
    assert grant(limiter, endpoint="lookup").is_probe
    assert grant(limiter, credential_ids=("user",)).is_probe


def test_the_least_interval_of_an_endpoint_is_kept(make_limiter: MakeLimiter, clock: ManualClock) -> None:
    """Two calls of an endpoint with an interval are at least that far apart; others are not held up."""
    limiter = make_limiter(intervals_seconds={"search": 1.0})
    open_window(limiter, clock)
    open_window(limiter, clock, endpoint="lookup")
    clock.advance(1)
    grant(limiter)

    clock.advance(0.4)
    early = refusal(limiter)
    clock.advance(early.wait_seconds)

    assert (early.blocked_by, early.wait_seconds) == ("interval", pytest.approx(0.6))
    grant(limiter)
    spend(limiter, 2, endpoint="lookup")


def test_the_24_hour_cap_comes_from_the_headers(limiter: Limiter, clock: ManualClock) -> None:
    """Where X names a 24-hour cap it holds beside the 15-minute window, until its own reset."""
    day = {"day_limit": 5, "day_remaining": 4, "day_reset_at_seconds": int(clock.now().timestamp()) + 40_000}
    limiter.settle(grant(limiter), answered(headers(clock, limit=100, remaining=99, **day)))

    count, last = grants_until_refused(limiter)

    assert count == 4
    assert last.blocked_by == "day"
    assert 40_000 <= last.wait_seconds <= 40_002
    assert limiter.state().windows[0].day_remaining == 0


def test_the_24_hour_cap_opens_again_with_a_probe(limiter: Limiter, clock: ManualClock) -> None:
    """After the 24-hour reset one probe learns the new day, though the 15-minute window is open."""
    start = int(clock.now().timestamp())
    day = {"day_limit": 2, "day_remaining": 1, "day_reset_at_seconds": start + 100}
    limiter.settle(grant(limiter), answered(headers(clock, limit=100, remaining=99, **day)))
    grant(limiter)
    clock.advance(102)

    probe = grant(limiter)
    waiting = refusal(limiter)
    later = {**day, "day_reset_at_seconds": start + 100 + 86_400}
    limiter.settle(probe, answered(headers(clock, limit=100, remaining=97, reset_in=798, **later)))

    assert probe.is_probe
    assert waiting.blocked_by == "probe"
    assert grants_until_refused(limiter)[0] == 1


def test_a_24_hour_cap_that_x_stops_naming_is_forgotten(limiter: Limiter, clock: ManualClock) -> None:
    """When the probe of a new day brings no cap, only the 15-minute window holds."""
    day = {"day_limit": 2, "day_remaining": 1, "day_reset_at_seconds": int(clock.now().timestamp()) + 100}
    limiter.settle(grant(limiter), answered(headers(clock, limit=100, remaining=99, **day)))
    clock.advance(102)
    limiter.settle(grant(limiter), answered(headers(clock, limit=100, remaining=98, reset_in=798)))

    assert grants_until_refused(limiter)[0] == 98


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(6)), turned=st.sets(st.integers(0, 5)), cap=st.booleans())
def test_settlements_in_any_order_give_the_same_end(
    redis_client: redis.Redis, order: list[int], turned: set[int], cap: bool
) -> None:
    """The end state depends on what X answered, not on the order in which the answers arrived."""

    def end_of(order: list[int]) -> object:
        redis_client.flushall()
        clock = ManualClock(START)
        limiter = Limiter(redis_client, clock=clock)
        old = open_window(limiter, clock, limit=50)
        grants = spend(limiter, 6)
        date = old.date_seconds
        assert date is not None
        old_count, new_count, answers = 1, 0, []
        for place in range(6):  # X serves them in the order of the grants, and turns its window for some
            if place in turned:
                new_count += 1
                rate = headers(clock, limit=50, remaining=50 - new_count, reset_in=930)
            else:
                old_count += 1
                rate = dataclasses.replace(old, remaining=50 - old_count)
            if cap:
                served = old_count + new_count
                rate = dataclasses.replace(
                    rate, day_limit=80, day_remaining=80 - served, day_reset_at_seconds=int(date) + 5000
                )
            answers.append(rate)
        for place in order:
            limiter.settle(grants[place], answered(answers[place]))
        return limiter.state()

    assert end_of(list(order)) == end_of(list(range(6)))


def test_settling_twice_changes_nothing(limiter: Limiter, clock: ManualClock) -> None:
    """A repeated settlement gives nothing back and takes nothing."""
    open_window(limiter, clock, limit=10)
    one = grant(limiter, posts=100)
    settlement = answered(headers(clock, limit=10, remaining=8), posts=7)
    limiter.settle(one, settlement)
    once = limiter.state()

    limiter.settle(one, settlement)

    assert limiter.state() == once


def test_a_flushed_redis_starts_with_one_probe(limiter: Limiter, clock: ManualClock, redis_client: redis.Redis) -> None:
    """After Redis lost everything one probe learns from X where the window stands."""
    rate = open_window(limiter, clock, limit=100)
    in_flight = spend(limiter, 5)
    redis_client.flushall()
    redis_client.script_flush()

    probe = grant(limiter)
    assert refusal(limiter).blocked_by == "probe"
    limiter.settle(probe, answered(dataclasses.replace(rate, remaining=60)))
    for place, one in enumerate(in_flight, start=1):
        limiter.settle(one, answered(dataclasses.replace(rate, remaining=60 - place)))

    assert grants_until_refused(limiter)[0] == 55


def test_every_key_expires(limiter: Limiter, clock: ManualClock, redis_client: redis.Redis) -> None:
    """No key of the limiter lives for ever."""
    open_window(limiter, clock, posts=10)
    grant(limiter, endpoint="lookup")

    assert {key.decode(): redis_client.ttl(key) > 0 for key in redis_client.scan_iter()} == {
        "covey:limit:index": True,
        "covey:limit:project": True,
        "covey:limit:window:lookup:app": True,
        "covey:limit:window:search:app": True,
    }


def test_redis_time_is_used_without_a_clock(make_limiter: MakeLimiter, redis_client: redis.Redis) -> None:
    """In production no process's clock matters: the scripts ask Redis."""
    limiter = make_limiter(clock=None)
    seconds, _ = redis_client.time()
    limiter.settle(
        grant(limiter),
        answered(RateHeaders(limit=1, remaining=0, reset_at_seconds=seconds + 100, date_seconds=float(seconds))),
    )

    assert 100 <= refusal(limiter).wait_seconds <= 102
    window = limiter.state().windows[0]
    assert window.reset_in_seconds is not None
    assert 100 <= window.reset_in_seconds <= 102


def test_without_redis_there_is_no_grant() -> None:
    """A limiter that cannot be asked says so, with a wait."""
    limiter = Limiter(connect("redis://127.0.0.1:1/0"))
    held = Grant("1", "search", "app", WorkClass.SEARCH)

    for ask in (
        lambda: limiter.acquire(request()),
        lambda: limiter.settle(held, answered()),
        limiter.state,
        limiter.unblock,
    ):
        with pytest.raises(LimiterUnavailable) as caught:
            ask()
        assert caught.value.wait_seconds > 0


def test_a_grant_says_nothing_secret(limiter: Limiter) -> None:
    """A grant is names and counts, and can be written down."""
    one = grant(limiter, posts=3)

    assert json.dumps({field.name: getattr(one, field.name) for field in dataclasses.fields(one)})


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"endpoint": ""}, "endpoint ''"),
        ({"endpoint": "a b"}, "endpoint 'a b'"),
        ({"credential_ids": ()}, "credential_ids ()"),
        ({"credential_ids": ("",)}, "credential_ids ('',)"),
        ({"posts": -1}, "posts=-1"),
        ({"users": -2}, "users=-2"),
    ],
)
def test_bad_requests_name_the_value(fields: dict[str, object], fault: str) -> None:
    """A request that cannot be granted says what is wrong with it."""
    with pytest.raises(InputError) as caught:
        request(**fields)

    assert fault in str(caught.value)


def test_bad_options_name_the_value(make_limiter: MakeLimiter) -> None:
    """A limiter that could not work is not built."""
    with pytest.raises(InputError, match="lease_seconds=0"):
        make_limiter(lease_seconds=0)


def test_a_request_knows_its_fields() -> None:
    """A call that names nothing buys nothing."""
    assert CallRequest("search", ("app",), WorkClass.SEARCH).most.total() == 0
