"""After a failover another server answers, which may have missed the last grants: windows are unknown until X tells."""

from __future__ import annotations

import pytest

from shared.domain.errors import LimiterUnavailable
from shared.ratelimit.limiter import Limiter
from shared.ratelimit.model import Block, BlockScope, Grant
from shared.redis.connection import connect
from shared.runtime.clock import SystemClock
from tests.cases.failover import Pair, port_of
from tests.shared.ratelimit.calls import answered, grant, headers, open_window, refusal, refused, request

CLOCK = SystemClock()


def test_a_replica_that_is_behind_is_asked_with_one_probe(pair: Pair) -> None:
    """It believes that 99 calls are left; 60 were made meanwhile. One probe tells, and no call too many follows."""
    rate = open_window(pair.limiter, CLOCK, limit=100)
    pair.follow(1, 0)
    pair.behind(1)
    for left in range(98, 38, -1):
        told = headers(CLOCK, limit=100, remaining=left, reset_at_seconds=rate.reset_at_seconds)
        pair.limiter.settle(grant(pair.limiter), answered(told))
    pair.fail_over(1)

    probe = grant(pair.limiter)
    assert probe.is_probe
    assert refusal(pair.limiter).blocked_by == "probe"
    left = headers(CLOCK, limit=100, remaining=38, reset_at_seconds=rate.reset_at_seconds)
    pair.limiter.settle(probe, answered(left))
    granted = 0
    while isinstance(pair.limiter.acquire(request()), Grant):
        granted += 1
    assert 0 < granted <= 38


def test_a_call_from_before_tells_of_it_too(pair: Pair) -> None:
    """Its grant is known to the new server or not: its headers open the window there, as after a loss of everything."""
    rate = open_window(pair.limiter, CLOCK, limit=100)
    same = {"limit": 100, "reset_at_seconds": rate.reset_at_seconds}
    pair.follow(1, 0)
    known = grant(pair.limiter)
    pair.client(0).wait(1, 5000)
    pair.behind(1)
    unheard = grant(pair.limiter)
    pair.fail_over(1)

    pair.limiter.settle(unheard, answered(headers(CLOCK, remaining=7, **same)))
    (window,) = pair.limiter.state().windows
    assert window.remaining is not None
    assert window.remaining <= 7
    pair.limiter.settle(known, answered(headers(CLOCK, remaining=6, **same)))
    assert not grant(pair.limiter).is_probe
    assert (pair.limiter.state().windows[0].remaining or 0) <= 5


def test_a_cut_of_the_network_makes_nothing_unknown(pair: Pair) -> None:
    """The same server answers again: its windows are what they were, and no probe is needed."""
    open_window(pair.limiter, CLOCK, limit=100)
    pair.fail_over(0)

    assert not grant(pair.limiter).is_probe
    assert pair.limiter.state().windows[0].remaining == 98


def test_a_server_that_was_started_anew_may_have_lost_its_last_second(pair: Pair) -> None:
    """It has its append-only file, and another run id: one probe."""
    open_window(pair.limiter, CLOCK, limit=100)
    for _ in range(5):
        grant(pair.limiter)
    server = pair.servers[0]
    server.process.kill()
    server.process.wait()
    server.start_again()
    with pytest.raises(LimiterUnavailable):
        pair.limiter.acquire(request())

    assert grant(pair.limiter).is_probe
    assert refusal(pair.limiter).blocked_by == "probe"


def test_two_failovers_in_a_row(pair: Pair) -> None:
    """There and back: each time one probe, though the first server is the one that it was."""
    open_window(pair.limiter, CLOCK, limit=100)
    pair.follow(1, 0)
    pair.behind(1)
    for number in (1, 0):
        pair.fail_over(number)
        probe = grant(pair.limiter)
        assert probe.is_probe == (number == 1)
        pair.limiter.settle(probe, answered(headers(CLOCK, limit=100, remaining=50)))
        assert not grant(pair.limiter).is_probe


def test_what_x_has_blocked_stays_blocked(pair: Pair) -> None:
    """A block is no count: the replica knows of it, and a person lifts it."""
    open_window(pair.limiter, CLOCK, limit=100)
    block = Block(BlockScope.CREDENTIAL_ENDPOINT, for_seconds=600, reason="forbidden")
    pair.limiter.settle(grant(pair.limiter), refused(403, block))
    pair.follow(1, 0)
    pair.behind(1)
    pair.fail_over(1)

    assert refusal(pair.limiter).blocked_by == "credential_endpoint"


def test_where_nobody_may_ask_for_the_server_all_is_as_it_was(pair: Pair) -> None:
    """A user without the right to INFO is granted calls; a failover is not noticed then, and costs at most the rest."""
    pair.client(0).acl_setuser("few", enabled=True, passwords=["+word"], keys=["*"], commands=["+@all", "-info"])
    limiter = Limiter(connect(f"redis://few:word@127.0.0.1:{port_of(pair.servers[0])}/0"))
    open_window(limiter, CLOCK, limit=100)

    assert not grant(limiter).is_probe
    assert pair.client(0).hget("covey:limit:window:app:search", "server") is None
