"""Streams under grants, with the real limiter and ledger on a real Redis and the simulator as X."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from pydantic import SecretStr

from shared.domain.errors import NotGranted, ServerFault, Unauthorized
from shared.domain.models import WorkClass
from shared.domain.money.budgets import Budgets
from shared.domain.money.prices import Amounts, PriceKind, Prices
from shared.platforms.gateway import FixedCredentials
from shared.platforms.route import Route
from shared.platforms.x.answer import CallRecord
from shared.platforms.x.auth import bearer_credential
from shared.platforms.x.endpoints import ACTIVITY_STREAM, FILTERED_STREAM
from shared.platforms.x.stream_gateway import StreamGateway
from shared.platforms.x.streaming import Connection
from shared.ratelimit.limiter import Limiter
from shared.ratelimit.model import Window
from shared.runtime.clock import SystemClock
from shared.spending.ledger import Ledger
from tests.workers.world import Simulator, start_simulator

POST = Amounts({PriceKind.POST: 1})


class NoRows:
    """Keeps no sums for good: what counts here is in Redis."""

    def keep(self, rows: object) -> None:
        """Forget them."""


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    """A simulator whose streams say something often."""
    running, process = start_simulator("--accounts", "2", "--history-hours", "1", "--keep-alive-seconds", "0.2")
    yield running
    process.terminate()
    process.wait(10)
    assert process.stdout is not None
    process.stdout.close()


class Made:
    """A gateway, and what it told."""

    def __init__(self, client: redis.Redis, url: str, token: str, **budgets: Any) -> None:
        self.told: list[CallRecord] = []
        self.limiter = Limiter(client, budgets=Budgets(**budgets))
        self.ledger = Ledger(client, NoRows(), prices=Prices(), clock=SystemClock())
        self.gateway = StreamGateway(
            url,
            Route(),
            self.limiter,
            FixedCredentials([bearer_credential(SecretStr(token))]),
            ledger=self.ledger,
            observer=self.told.append,
            clock=SystemClock(),
            silence_seconds=5.0,
        )

    def pay(self, connection: Connection, **came: Any) -> bool:
        """Book what came of a connection."""
        return self.gateway.pay(WorkClass.SEARCH, connection.endpoint, connection.credential, **came)

    def used_usd(self) -> float:
        """What the budget of the day counts."""
        return next(one.used for one in self.limiter.state().budgets if one.window is Window.DAY_MONEY)


@pytest.fixture
def make(redis_client: redis.Redis, sim: Simulator) -> Callable[..., Made]:
    """Makes gateways to the simulator."""
    return lambda token, **budgets: Made(redis_client, sim.url, token, **budgets)


def _open(made: Made, most: Amounts = POST) -> Connection:
    return made.gateway.connect(WorkClass.SEARCH, FILTERED_STREAM, {}, most=most)


def test_a_connect_is_a_call_that_reserves_and_gives_back(make: Callable[..., Made]) -> None:
    """The limiter learns the window from the head, nothing is spent, and the first blank line comes."""
    made = make("sim-a~a", day_usd=1.0)
    connection = _open(made)
    assert next(connection.lines()) == []
    connection.close()

    window = next(one for one in made.limiter.state().windows if one.endpoint == "search/stream")
    assert (window.limit, window.remaining) == (50, 49)
    assert made.used_usd() == 0
    assert [(one.endpoint, one.outcome) for one in made.told] == [("search/stream", "ok")]


def test_refusals_are_told_apart(make: Callable[..., Made], sim: Simulator) -> None:
    """One connection too many is a fault of a server, a strange token a 401, 503 a fault."""
    made = make("sim-b~b")
    connection = _open(made)
    with pytest.raises(ServerFault, match="429"):
        _open(made)
    connection.close()
    with pytest.raises(Unauthorized):
        _open(make("strange"))
    sim.order("streams", {"act": "disconnect", "stream": "activity/stream", "fail_seconds": 1})
    with pytest.raises(ServerFault, match="503"):
        made.gateway.connect(WorkClass.SEARCH, ACTIVITY_STREAM, {}, most=Amounts())
    sim.order("clock", {"seconds": 1})


def test_without_money_it_does_not_connect(make: Callable[..., Made]) -> None:
    """Where there is no room for one post, X is not asked; for what is free it is."""
    made = make("sim-c~c", day_usd=0.004)

    with pytest.raises(NotGranted):
        _open(made)
    assert made.told == []
    assert not made.gateway.has_room(WorkClass.SEARCH, FILTERED_STREAM)
    made.gateway.connect(WorkClass.SEARCH, ACTIVITY_STREAM, {}, most=Amounts()).close()


def test_what_came_is_booked_once_a_day_and_owned(make: Callable[..., Made]) -> None:
    """Three posts are booked, twice over for nothing; they are owned, so that a search need not reserve them."""
    made = make("sim-d~d", day_usd=1.0)
    connection = made.gateway.connect(WorkClass.SEARCH, ACTIVITY_STREAM, {}, most=Amounts())
    paid = [made.pay(connection, post_ids=[1, 2, 3]) for _ in range(2)]
    paid.append(made.pay(connection, post_ids=[], updates=2))
    connection.close()

    assert paid == [True, True, True]
    assert made.used_usd() == pytest.approx(3 * 0.005 + 2 * 0.005)
    assert made.ledger.bought(PriceKind.POST, [1, 2, 3, 4]) == {1, 2, 3}
    assert made.gateway.has_room(WorkClass.SEARCH, ACTIVITY_STREAM)
    assert made.used_usd() == pytest.approx(0.025)


def test_what_there_is_no_room_for_is_booked_all_the_same(make: Callable[..., Made], redis_client: redis.Redis) -> None:
    """X has billed it: the ledger says so, and the caller is told to stop."""
    made = make("sim-e~e", day_usd=0.012)
    connection = made.gateway.connect(WorkClass.SEARCH, ACTIVITY_STREAM, {}, most=POST)
    assert made.pay(connection, post_ids=[1, 2])
    assert not made.pay(connection, post_ids=[3, 4])
    connection.close()

    assert made.ledger.bought(PriceKind.POST, [1, 2, 3, 4]) == {1, 2, 3, 4}
    rows = [json.loads(text) for key in redis_client.scan_iter("covey:ledger:*") for text in _texts(redis_client, key)]
    assert [row["micro_usd"] for row in rows if row["micro_usd"]] == [20_000]


def test_a_piece_that_does_not_fit_fills_the_budget(make: Callable[..., Made]) -> None:
    """Of four posts with room for three, the budget counts three and the ledger four: there is no room for one more, so
    that nobody connects again for the last one."""
    made = make("sim-f~f", day_usd=0.018)
    connection = made.gateway.connect(WorkClass.SEARCH, ACTIVITY_STREAM, {}, most=POST)
    assert not made.pay(connection, post_ids=[1, 2, 3, 4])
    connection.close()

    assert made.used_usd() == pytest.approx(0.015)
    assert made.ledger.bought(PriceKind.POST, [1, 2, 3, 4]) == {1, 2, 3, 4}
    assert not made.gateway.has_room(WorkClass.SEARCH, ACTIVITY_STREAM)


def _texts(client: redis.Redis, key: Any) -> list[bytes]:
    found: Any = client.hvals(key) if client.type(key) == b"hash" else []
    return [text for text in found if text.startswith(b"{")]
