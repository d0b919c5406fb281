"""Answers to a look-up that say something else of each id, or nothing: no post is taken for gone that is not."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.outcomes import RetryIn
from shared.services.bootstrap import Services
from tests.faults.faulty_x import (
    LOOKUP,
    FaultyX,
    counted,
    refresh,
    states,
)

pytestmark = pytest.mark.system

LOST: dict[str, dict[str, Any]] = {
    "no word": {"error": "none"},
    "an internal error": {"error": "internal-error", "repeat": 3},
    "not available": {"error": "resource-unavailable"},
    "counts could not be read": {"error": "field-hydration-failure"},
}


@pytest.mark.parametrize("count", [3, 100])
@pytest.mark.parametrize("name", LOST)
def test_a_post_is_not_gone_because_x_kept_it_back(
    services: Services, x: FaultyX, living: list[int], name: str, count: int
) -> None:
    """Whatever X says but that it is gone, however often, the post stays alive and is asked for again.

    An answer without a post and without a word is none.
    """
    x.misbehave({"kind": "lose_posts", "count": count, **LOST[name]}, endpoint=LOOKUP, to_call=2)
    first = refresh(services, living, claim="c1")
    refresh(services, living, claim="c2")

    refresh(services, living, claim="c3")

    assert x.fired() == 2
    assert set(first.reasons(RetryIn)) <= ({"NoAnswer"} if (name, count) == ("no word", 100) else set())
    assert first.dead == []
    assert set(states(services).values()) == {"alive"}
    assert counted(services) == set(living)


def test_one_word_that_a_post_is_gone_is_not_believed(services: Services, x: FaultyX, living: list[int]) -> None:
    """X says once of posts that exist that they are not found: they are asked for again, and alive."""
    x.misbehave({"kind": "lose_posts", "count": 10, "error": "not-found"}, endpoint=LOOKUP, nth=1)
    refresh(services, living)

    refresh(services, living, claim="c2")

    assert set(states(services).values()) == {"alive"}
    assert counted(services) == set(living)


def test_each_id_has_its_own_outcome(services: Services, x: FaultyX, request: pytest.FixtureRequest) -> None:
    """Posts alive, deleted, suspended, protected: after two words each is what it is, and the run has X's word."""
    names = {"live": "alive", "deleted": "deleted", "suspended": "suspended", "protected": "protected"}
    spare = x.accounts()[-1]["username"]  # not one of `x.names()`
    x.order("accounts", {"account": spare, "change": "suspend"})
    request.addfinalizer(lambda: x.order("accounts", {"account": spare, "change": "restore"}))
    records = x.truth("posts")["posts"][::-1]
    asked: dict[int, str] = {}
    for theirs, ours in names.items():
        asked |= dict.fromkeys([int(record["id"]) for record in records if record["state"] == theirs][:10], ours)
    assert set(asked.values()) == set(names.values())
    x.misbehave({"kind": "server_error"}, endpoint=LOOKUP, nth=1)

    shift = refresh(services, list(asked), run="run-1")
    refresh(services, list(asked), claim="c2")

    assert (shift.reasons(RetryIn), shift.dead) == (["ServerFault"], [])
    assert states(services) == asked
    run = services.stores.runs.get("run-1")
    assert run is not None
    assert run["results"] == {str(id_): state for id_, state in asked.items()}


ABOUT_OTHERS = ["referenced_tweets.id", "entities.mentions.username", "in_reply_to_user_id"]


@pytest.mark.parametrize("parameter", ABOUT_OTHERS)
def test_an_error_about_something_around_a_post_is_not_about_it(
    services: Services, x: FaultyX, living: list[int], parameter: str
) -> None:
    """X's word that what a post refers to is gone leaves the post alive."""
    error = {
        "value": str(living[0]),
        "resource_id": str(living[0]),
        "parameter": parameter,
        "title": "Not Found Error",
        "type": "https://api.x.com/2/problems/resource-not-found",
    }
    x.misbehave({"kind": "status", "status": 200, "body": {"errors": [error]}}, endpoint=LOOKUP, to_call=2)
    for claim in ("c1", "c2"):
        refresh(services, living[:1], claim=claim)

    assert states(services) == {living[0]: "alive"}
