"""An endpoint that X fails for a while, over HTTP: it is left alone, looked at, and taken up again; others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
import requests
from pydantic import SecretStr

from shared.domain.errors import NoAnswer, NotGranted, ServerFault
from shared.domain.models import WorkClass
from shared.platforms.gateway import FixedCredentials
from shared.platforms.x.auth import bearer_credential
from shared.platforms.x.client import XClient
from shared.platforms.x.gateway import XGateway
from shared.ratelimit.limiter import Limiter
from shared.ratelimit.rules import BREAKER_FAULTS
from shared.runtime.clock import ManualClock

Script = Callable[[dict[str, Any]], None]


@pytest.fixture
def fail_quotes(simulator_url: str) -> Iterator[Script]:
    """Lets the simulator fail quotes as often as they must fail to open the breaker, and once more."""

    def order(answer: dict[str, Any]) -> None:
        match = {"endpoint": "quote_tweets", "to_call": BREAKER_FAULTS + 1}
        script = {"rules": [{"name": "down", "match": match, "answer": answer}]}
        requests.post(f"{simulator_url}/_sim/faults", json=script, timeout=10).raise_for_status()

    yield order
    requests.post(f"{simulator_url}/_sim/faults", json={}, timeout=10).raise_for_status()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"kind": "server_error", "status": 503}, ServerFault),
        ({"kind": "server_error", "status": 502, "form": "html"}, ServerFault),
        ({"kind": "reset"}, NoAnswer),
    ],
    ids=["503", "502 of a gateway", "reset"],
)
def test_quotes_that_fail_are_looked_at_until_they_heal(
    simulator_url: str, redis_client: redis.Redis, fail_quotes: Script, answer: dict[str, Any], error: type[Exception]
) -> None:
    """Quotes are refused after five faults, tried once after 5 s and once after 10 s more; searches never stop."""
    clock = ManualClock(datetime(2026, 11, 10, 12, tzinfo=UTC))
    limiter = Limiter(redis_client, clock=clock)
    credentials = FixedCredentials([bearer_credential(SecretStr("sim-breaker"))])
    gateway = XGateway(XClient(simulator_url), limiter, credentials)

    def quotes() -> object:
        return gateway.quote_tweets(WorkClass.QUOTES, post_id=post_id)

    def refused() -> NotGranted:
        with pytest.raises(NotGranted) as caught:
            quotes()
        gateway.search(WorkClass.SEARCH, query=query)
        return caught.value

    accounts = requests.get(f"{simulator_url}/_sim/accounts", timeout=10).json()["accounts"]
    wrote = requests.get(f"{simulator_url}/_sim/posts", timeout=10).json()["posts"]
    writers = [post["author_id"] for post in wrote]
    query = f"from:{max(accounts, key=lambda one: writers.count(one['id']))['username']}"
    post_id = gateway.search(WorkClass.SEARCH, query=query).posts[0].id
    fail_quotes(answer)

    for _ in range(BREAKER_FAULTS):
        with pytest.raises(error):
            quotes()
    first = refused()
    clock.advance(first.wait_seconds)
    with pytest.raises(error):
        quotes()
    second = refused()
    clock.advance(second.wait_seconds)
    quotes()

    assert (first.blocked_by, first.wait_seconds, second.wait_seconds) == ("breaker", 5, 10)
    assert limiter.state().blocks == ()
    quotes()
    rule = requests.get(f"{simulator_url}/_sim/faults", timeout=10).json()["rules"][0]
    assert (rule["calls"], rule["fired"]) == (BREAKER_FAULTS + 3, BREAKER_FAULTS + 1)
