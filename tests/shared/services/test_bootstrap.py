"""The composition root."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from shared.domain.errors import InputError
from shared.domain.jobs import Canary
from shared.domain.models import RateHeaders, WorkClass
from shared.ratelimit.model import CallRequest, Grant, Refusal, Settlement
from shared.runtime.embedded import free_port
from shared.runtime.settings import Settings
from shared.services import bootstrap
from shared.services.bootstrap import Services
from tests.amounts import amounts

MakeServices = Callable[..., Services]


def settings_of(**values: Any) -> Settings:
    """Settings of servers that are not there, unless given."""
    absent = {
        "redis_url": f"redis://:hunter2@127.0.0.1:{free_port()}/0",
        "mongo_uri": f"mongodb://covey:hunter2@127.0.0.1:{free_port()}",
    }
    return Settings.load(**(absent | values))


@pytest.fixture
def make_services(redis_url: str, mongo_uri: str, redis_client: redis.Redis, tmp_path: Path) -> Iterator[MakeServices]:
    """Services on real servers, with any settings."""
    servers = {"redis_url": redis_url, "mongo_uri": mongo_uri, "mongo_database": "covey_bootstrap"}
    with ExitStack() as stack:

        def make(**values: Any) -> Services:
            services = bootstrap.build(settings_of(**servers, media_dir=tmp_path / "media", **values), middleware=[])
            stack.callback(services.broker.close)
            stack.callback(services.stores.db.client.close)
            stack.callback(services.stores.db.client.drop_database, "covey_bootstrap")
            return services

        yield make


@pytest.fixture
def services(make_services: MakeServices) -> Services:
    """Services with the defaults."""
    return make_services()


def test_an_interval_of_no_endpoint_is_named(make_services: MakeServices) -> None:
    """An interval set for an endpoint that X does not have is refused with the endpoints there are."""
    with pytest.raises(InputError, match=r"COVEY_CALL_INTERVALS_SECONDS.*'serch'; there are search/recent"):
        make_services(call_intervals_seconds={"serch": 1.0})


def test_the_services_work_together(services: Services) -> None:
    """Indexes are made, a job is sent, the limiter and the stores answer."""
    services.stores.ensure_indexes()
    services.broker.declare_queue("search")

    assert services.sender.send(Canary(queue="search", sent_at_ms=1), queue="search")

    assert services.broker.introspection.queue_stats()["search"].ready == 1
    assert services.stores.streams.active() == []
    assert list(services.limiter.state().windows) == []


def test_building_connects_to_nothing(tmp_path: Path) -> None:
    """Servers that are away do not keep a process from being put together: the first use says so."""
    services = bootstrap.build(settings_of(media_dir=tmp_path / "media"), middleware=[])

    assert not (tmp_path / "media").exists()
    assert "hunter2" not in repr(services)
    services.stores.db.client.close()


@pytest.mark.parametrize(("name", "variable"), [("redis_url", "REDIS_URL"), ("mongo_uri", "MONGO_URI")])
def test_a_missing_address_names_its_variable(name: str, variable: str) -> None:
    """And says how to do without."""
    with pytest.raises(InputError, match=f"{variable} is not set.*covey up"):
        bootstrap.build(settings_of(**{name: None}), middleware=[])


def test_there_is_a_credential_when_there_is_a_token() -> None:
    """None without a token; with one, its value shows up nowhere."""
    assert bootstrap.credentials(settings_of(x_bearer_token=None)) == []

    (credential,) = bootstrap.credentials(settings_of(x_bearer_token="AAAAsecret"))

    assert "AAAAsecret" not in repr(credential)
    assert "AAAAsecret" not in credential.id


def test_x_can_be_asked_with_a_token_or_with_keys_to_stored_ones() -> None:
    """One of the two is enough; a key that is none ends the start, unseen."""
    assert not bootstrap.may_ask_x(settings_of(x_bearer_token=None, credential_keys=None))
    assert bootstrap.may_ask_x(settings_of(x_bearer_token="AAAAsecret"))
    assert bootstrap.may_ask_x(settings_of(x_bearer_token=None, credential_keys="any"))
    with pytest.raises(InputError, match="COVEY_CREDENTIAL_KEYS: key 1 cannot be used") as caught:
        bootstrap.build(settings_of(credential_keys="hunter2"), middleware=[])
    assert "hunter2" not in str(caught.value)


def test_the_rule_of_refreshing_follows_the_settings(services: Services) -> None:
    """Refreshing takes its numbers from the settings."""
    assert services.refresh_policy.gone_confirm == timedelta(hours=1)


@pytest.mark.parametrize(
    ("values", "blocked_by"),
    [
        ({"budget_month_requests": 2}, "month_requests"),
        ({"credential_budget_day_usd": 0.01}, "day_money"),
        ({"credential_budget_month_usd": 0.01}, "month_money"),
        ({"credential_budget_month_posts": 2}, "month_posts"),
        ({"credential_budget_month_requests": 2}, "month_requests"),
        ({"call_intervals_seconds": {"tweets": 60}}, "interval"),
    ],
)
def test_every_window_can_be_set(make_services: MakeServices, values: dict[str, Any], blocked_by: str) -> None:
    """Each setting reaches the limiter, which names it when it refuses the call that is one too many."""
    limiter = make_services(**values).limiter
    call = CallRequest("tweets", ("app",), WorkClass.INTERACTIVE, most=amounts(1))
    rate = RateHeaders(limit=100, remaining=99, reset_at_seconds=900, date_seconds=0.0)

    answers = []
    while not answers or isinstance(answers[-1], Grant):
        answers.append(limiter.acquire(call))
        if isinstance(answers[-1], Grant):
            limiter.settle(answers[-1], Settlement(answered=True, status=200, rate=rate, billed=amounts(1)))

    assert isinstance(answers[-1], Refusal)
    assert (answers[-1].blocked_by, len(answers)) == (blocked_by, 2 if blocked_by == "interval" else 3)


def test_without_settings_credentials_have_no_budgets(services: Services) -> None:
    """Then nothing is counted by credential, which takes time at every call."""
    assert bootstrap.credential_budgets(services.settings) is None
    assert {budget.credential_id for budget in services.limiter.state().budgets} == {None}
