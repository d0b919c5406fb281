"""What partial errors say of what was asked for."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.models import PostState
from shared.platforms.x.problems import missing_accounts, post_states

OLD, NEW = "https://api.twitter.com/2/problems/", "https://api.x.com/2/problems/"


def _problem(kind: str, title: str = "", **more: Any) -> dict[str, Any]:
    return {"value": "1", "parameter": "ids", "resource_id": "1", "title": title, "type": OLD + kind, **more}


@pytest.mark.parametrize("base", [OLD, NEW])
@pytest.mark.parametrize(
    ("kind", "title", "state"),
    [
        ("resource-not-found", "Not Found Error", PostState.DELETED),
        ("resource-not-found", "Forbidden", PostState.SUSPENDED),
        ("resource-not-found", "Something New", PostState.UNKNOWN),
        ("not-authorized-for-resource", "Authorization Error", PostState.PROTECTED),
        ("internal-error", "Internal Error", PostState.UNKNOWN),
        ("field-hydration-failure", "Field Hydration Failure", PostState.UNKNOWN),
        ("resource-unavailable", "Unavailable", PostState.UNKNOWN),
        ("disallowed-resource", "Disallowed", PostState.UNKNOWN),
    ],
)
def test_each_problem_has_its_state(base: str, kind: str, title: str, state: PostState) -> None:
    """Only X's own word that a post is gone makes it so; passing faults do not."""
    assert post_states([1], [], [_problem(kind, title, type=base + kind)]) == {1: state}


@pytest.mark.parametrize(
    "about",
    [
        {"parameter": "referenced_tweets.id"},
        {"parameter": "entities.mentions.username"},
        {"parameter": "in_reply_to_user_id"},
        {"section": "includes"},
        {"parameter": None, "section": "includes"},
        {"parameter": None, "resource_type": "user"},
        {"parameter": None, "resource_id": None},
        {"parameter": None, "resource_id": "2"},
    ],
)
def test_problems_of_something_around_the_post_do_not_count(about: dict[str, Any]) -> None:
    """A missing quoted post with the same id says nothing of the post asked for."""
    problem = _problem("resource-not-found", "Not Found Error", **about)

    assert post_states([1], [], [problem]) == {1: PostState.UNKNOWN}


def test_a_post_that_is_there_is_alive_whatever_else_is_said() -> None:
    """X sends a post and a problem of one of its fields in the same answer."""
    assert post_states([1], [1], [_problem("resource-not-found", "Not Found Error")]) == {1: PostState.ALIVE}


def test_every_id_asked_for_has_a_state() -> None:
    """One is there, one is gone, of one X said nothing."""
    problem = _problem("resource-not-found", "Not Found Error", value="2", resource_id="2")

    assert post_states([1, 2, 3], [1], [problem]) == {1: PostState.ALIVE, 2: PostState.DELETED, 3: PostState.UNKNOWN}


def test_the_same_id_several_times_believes_what_can_still_heal() -> None:
    """Deleted, suspended and protected at once: not yet lost for good."""
    problems = [
        _problem("internal-error"),
        _problem("resource-not-found", "Not Found Error"),
        _problem("resource-not-found", "Not Found Error"),
        _problem("resource-not-found", "Forbidden"),
    ]

    assert post_states([1], [], problems) == {1: PostState.SUSPENDED}


def test_the_value_serves_where_the_resource_id_is_missing() -> None:
    """Some problems carry only what was asked."""
    problem = _problem("resource-not-found", "Not Found Error", resource_id=None)

    assert post_states([1], [], [problem]) == {1: PostState.DELETED}


def test_missing_accounts_have_reasons() -> None:
    """Names in lower case, each with X's word, or `unknown` where it said none."""
    problems = [
        _problem("resource-not-found", "Not Found Error", parameter="usernames", value="Gone", resource_id="Gone"),
        _problem("resource-not-found", "Forbidden", parameter="usernames", value="bad", resource_id="bad"),
        _problem("internal-error", "Oops", parameter="usernames", value="later", resource_id="later"),
    ]

    missing = missing_accounts(["Here", "gone", "BAD", "later", "silent"], ["here"], problems)

    assert missing == {"gone": "not-found", "bad": "suspended", "later": "internal-error", "silent": "unknown"}
