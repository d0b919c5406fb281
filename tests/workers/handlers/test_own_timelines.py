"""The owner's own posts and mentions, which are bought for a fifth before the search finds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from pydantic import SecretStr

from shared.credentials.secrets import UserTokens
from shared.credentials.vault import new_key
from shared.domain.jobs import ResolveHandles
from shared.domain.models import WorkClass
from shared.domain.money.prices import PriceKind
from shared.domain.money.purchases import Sums, add_up
from shared.platforms.gateway import FixedCredentials
from shared.platforms.x.auth import oauth2_credential
from shared.platforms.x.client import XClient
from shared.platforms.x.gateway import XGateway
from shared.platforms.x.oauth import OAuthClient
from shared.services.bootstrap import Services
from shared.services.following import SEARCH
from shared.stores.credentials import NewTokens
from tests.scheduler.slots import fill_gaps, plan
from tests.workers.world import Simulator, start_simulator, stored_ids, work_off

HOUR = timedelta(hours=1)


@pytest.fixture
def x() -> Iterator[Simulator]:
    """A lively world whose first account owns every app."""
    running, process = start_simulator(
        *("--seed", "5", "--accounts", "4", "--activity", "10", "--history-hours", "30", "--search-lag-seconds", "0")
    )
    running.order("app-owner", {"account": running.names()[0]})
    yield running
    process.terminate()
    process.wait(10)
    assert process.stdout is not None
    process.stdout.close()


def as_owner(make_services: Callable[..., Services], x: Simulator, *, is_connected: bool = True) -> Services:
    """Services whose app belongs to the world's first account, which has let it in."""
    owner_id = int(x.accounts()[0]["id"])
    services = make_services(x.url, credential_keys=new_key(), x_app_owner_id=owner_id, x_search_lag_seconds=0.0)
    if is_connected:
        tokens = UserTokens(owner_id, OAuthClient("app"), SecretStr(token_of(services, x, owner_id)))
        credential = tokens.credential()
        sealed = NewTokens(services.vault.seal(credential.id, tokens), is_renewable=False)
        services.stores.credentials.put(credential.id, tokens.kind, sealed)
    return services


def token_of(services: Services, x: Simulator, user_id: int) -> str:
    """A token with which the simulator takes one for that account."""

    def me(token: str) -> int:
        asking = FixedCredentials([oauth2_credential("unknown", SecretStr(token))])
        return XGateway(XClient(x.url), services.limiter, asking, ledger=services.ledger).me(WorkClass.INTERACTIVE).id

    return next(token for n in range(60) if me(token := f"sim-user-{n}") == user_id)


def read_two_hours(services: Services, x: Simulator) -> set[int]:
    """Follow the owner and another account for two hours back; answers what is stored."""
    now = services.clock.now()
    (stream,) = services.following.follow(x.names()[:2], since=now - 2 * HOUR, now=now)
    services.sender.send(ResolveHandles(usernames=tuple(stream.members)))
    work_off(services)
    for job, queue in plan(services, SEARCH, stream.id, now=now):
        services.sender.send(job, queue=queue)
    work_off(services)
    fill_gaps(services)
    return stored_ids(services)


def bought(services: Services) -> Sums:
    """What the ledger has of today."""
    services.ledger.copy()
    today = services.ledger.now().date()
    return add_up(services.stores.ledger.between(today, today).values())


def test_the_owners_posts_and_mentions_cost_a_fifth(make_services: Callable[..., Services], x: Simulator) -> None:
    """What the timelines brought the search finds bought; the bill says the same, and nothing else is stored."""
    services = as_owner(make_services, x)

    found = read_two_hours(services, x)

    sums, bill = bought(services), x.truth("bill")
    assert sums.bought[PriceKind.OWNED_POST] == bill["owned_posts_bought"] > 10
    assert sums.micro_usd == bill["micro_usd"]
    names = " OR ".join(f"from:{name} OR to:{name} OR @{name}" for name in x.names()[:2])
    now = services.clock.now()
    wanted = x.findable(f"({names}) -is:retweet", since=now - 2 * HOUR, until=now - timedelta(minutes=1))
    assert wanted <= found


def test_without_the_owners_leave_the_search_pays(make_services: Callable[..., Services], x: Simulator) -> None:
    """No timeline is asked for at the full price."""
    services = as_owner(make_services, x, is_connected=False)

    assert read_two_hours(services, x)

    assert bought(services).bought[PriceKind.OWNED_POST] == 0
    assert x.calls("users/tweets") == x.calls("users/mentions") == 0


def test_a_timeline_that_x_refuses_stops_no_search(make_services: Callable[..., Services], x: Simulator) -> None:
    """An owner that cannot be seen: the posts of the other account are there."""
    services = as_owner(make_services, x)
    x.order("accounts", {"account": x.names()[0], "change": "protect"})

    assert read_two_hours(services, x)
    assert bought(services).bought[PriceKind.OWNED_POST] == 0
    assert x.calls("users/tweets") > 0
