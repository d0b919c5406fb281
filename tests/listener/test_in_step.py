"""Subscriptions and rules at the simulator, brought in step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from listener.in_step import rules_in_step, subscriptions_in_step
from shared.domain.errors import NotGranted, Unauthorized
from shared.domain.live.standing import Rule, Subscription
from shared.services.bootstrap import Services
from tests.workers.world import Simulator

Start = Callable[..., Simulator]
Make = Callable[..., Services]


def _standing(simulator: Simulator, path: str) -> list[dict[str, Any]]:
    headers = {"Authorization": "Bearer sim-test"}
    answer = requests.get(f"{simulator.url}/2/{path}", headers=headers, timeout=10)
    assert answer.status_code == 200, answer.text
    return list(answer.json().get("data", []))


def test_subscriptions_come_to_be_what_is_wanted(start: Start, make_services: Make) -> None:
    """What is new is added, what is not wanted any more goes, what others made stays and takes room."""
    simulator = start()
    services = make_services(simulator.url, x_subscriptions=3)
    other = {"event_type": "post.delete", "filter": {"user_id": "99"}}
    headers = {"Authorization": "Bearer sim-test"}
    requests.post(f"{simulator.url}/2/activity/subscriptions", json=other, headers=headers, timeout=10)
    one, two, three = (Subscription("post.delete", number) for number in (1, 2, 3))

    first = subscriptions_in_step(services, [one, two, three])
    second = subscriptions_in_step(services, [two, three])
    calls = simulator.calls("activity/subscriptions")
    third = subscriptions_in_step(services, [two, three])

    assert [(one.standing, one.unfit, one.is_done) for one in (first, second, third)] == [
        (2, 1, True),
        (2, 0, True),
        (2, 0, True),
    ]
    assert [found["filter"]["user_id"] for found in _standing(simulator, "activity/subscriptions")] == ["99", "2", "3"]
    assert simulator.calls("activity/subscriptions") == calls + 2  # the list, and the test's own


def test_rules_come_to_be_what_is_wanted(start: Start, make_services: Make) -> None:
    """The same for rules; one that X does not take keeps no other from standing."""
    simulator = start()
    services = make_services(simulator.url)

    rules_in_step(services, [Rule("cat"), Rule("-bad"), Rule("dog")])
    rules_in_step(services, [Rule("dog"), Rule("bird")])

    assert {found["value"] for found in _standing(simulator, "tweets/search/stream/rules")} == {"dog", "bird"}


def test_what_there_is_no_grant_for_is_done_later(start: Start, make_services: Make) -> None:
    """Where the window ends in the middle, what was done counts; where it is over, the caller is told to wait."""
    simulator = start("--limit", "activity/subscriptions=12")
    services = make_services(simulator.url)
    wanted = [Subscription("post.delete", number) for number in range(30)]

    found = subscriptions_in_step(services, wanted)

    assert not found.is_done
    stood = simulator.truth("streams")["projects"]["default"]["subscriptions"]
    assert 0 < stood < 30
    with pytest.raises(NotGranted):
        subscriptions_in_step(services, wanted)


def test_a_refusal_is_the_caller_s(start: Start, make_services: Make) -> None:
    """A token that opens nothing is an error of its own kind, and nothing is taken for an empty list."""
    services = make_services(start().url, x_bearer_token="strange")

    with pytest.raises(Unauthorized):
        subscriptions_in_step(services, [Subscription("post.delete", 1)])
