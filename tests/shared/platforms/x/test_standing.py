"""Subscriptions and rules, as the simulator keeps them and as X may answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from shared.domain.errors import InvalidRequest, NoAnswer
from shared.domain.live.standing import Rule, Standing, Subscription
from shared.domain.models import RateHeaders
from shared.platforms.x import standing
from shared.platforms.x.auth import Credential, bearer_credential
from shared.platforms.x.call import Call
from shared.platforms.x.client import XClient
from tests.shared.platforms.x.local_server import always, serving
from tests.workers.world import start_simulator


@pytest.fixture(scope="module")
def client() -> Iterator[XClient]:
    """A client of a small simulator."""
    running, process = start_simulator("--accounts", "2", "--history-hours", "1")
    yield XClient(running.url)
    process.terminate()
    process.wait(10)
    assert process.stdout is not None
    process.stdout.close()


def _as(name: str) -> Credential:
    return bearer_credential(SecretStr(f"sim-standing~{name}"))


def test_subscriptions_come_and_go(client: XClient) -> None:
    """What is subscribed to is listed as ours with its id; removed, it is there no more, also when asked twice."""
    one, two = Subscription("post.delete", 7), Subscription("profile.update.handle", 7)
    for what in (one, two):
        assert client.perform(standing.subscribe(what), _as("a")).unwrap()
    listed = client.perform(standing.list_subscriptions(), _as("a")).unwrap()
    ids = [found.id for found in listed.standing]
    gone = [client.perform(standing.unsubscribe(ids), _as("a")).unwrap() for _ in range(2)]

    assert [(found.what, found.is_ours) for found in listed.standing] == [(one, True), (two, True)]
    assert gone == [True, True]
    assert client.perform(standing.list_subscriptions(), _as("a")).unwrap().standing == ()


def test_what_stands_already_is_a_refusal(client: XClient) -> None:
    """The same subscription twice is X's 409."""
    again = [client.perform(standing.subscribe(Subscription("post.delete", 8)), _as("b")) for _ in range(2)]

    assert again[0].error is None
    assert isinstance(again[1].error, InvalidRequest)


def test_rules_come_and_go_and_a_bad_one_is_told(client: XClient) -> None:
    """Of two rules the good one stands, with a token for the rest of the list; the bad one is told in X's words."""
    added = client.perform(standing.add_rules([Rule("from:7"), Rule("-cat")]), _as("c"))
    listed = client.perform(standing.list_rules(), _as("c")).unwrap()
    client.perform(standing.remove_rules([listed.standing[0].id]), _as("c")).unwrap()

    assert added.status == 201
    assert len(added.unwrap()) == 1
    assert "-cat" in added.unwrap()[0]
    assert [(one.what, one.is_ours) for one in listed.standing] == [(Rule("from:7"), True)]
    assert client.perform(standing.list_rules(), _as("c")).unwrap().standing == ()


def test_a_list_goes_on_at_its_token(credential: Credential) -> None:
    """The token of a page is passed on as it came, and what others made is not ours."""
    body = {"data": [{"id": "4", "value": "cat", "tag": "mine"}], "meta": {"result_count": 1, "next_token": "t" * 16}}
    with serving(always(200, body)) as server:
        found = XClient(server.url).perform(standing.list_rules("s" * 16), credential).unwrap()

    assert found == standing.Listed((Standing(4, Rule("cat"), False),), "t" * 16)
    assert f"pagination_token={'s' * 16}" in server.requests[0]


@pytest.mark.parametrize("body", [{}, [], {"data": [{"value": "cat"}]}, {"data": [{"id": "1"}]}])
def test_a_list_that_says_nothing_is_not_believed(body: object) -> None:
    """An answer without entries and without `meta`, or with entries nobody can read, is no list."""
    call: Call[standing.Listed[Rule]] = standing.list_rules()

    with pytest.raises(NoAnswer):
        call.parse(body, RateHeaders())
