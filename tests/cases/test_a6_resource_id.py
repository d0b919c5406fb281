"""A problem that names a resource and no parameter speaks of that resource, where it was asked for."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from shared.domain.models import PostState
from shared.platforms.x import calls
from shared.platforms.x.auth import bearer_credential
from shared.platforms.x.client import XClient
from tests.shared.platforms.x.local_server import always, post, serving

CREDENTIAL = bearer_credential(SecretStr("the-secret-token"))
DELETED = {
    "title": "Not Found Error",
    "detail": "Could not find post with id: [20].",
    "type": "https://api.x.com/2/problems/resource-not-found",
    "resource_id": "20",
}


def _states(*problems: dict[str, Any]) -> dict[int, PostState]:
    """What a look-up of two posts, of which X returns the first, says of both."""
    with serving(always(200, {"data": [post(10)], "errors": list(problems)})) as server:
        return XClient(server.url).perform(calls.lookup_posts(post_ids=[10, 20]), CREDENTIAL).unwrap().states


@pytest.mark.parametrize(
    "problem",
    [
        DELETED,
        DELETED | {"resource_type": "post"},
        DELETED | {"resource_type": "tweet"},
        DELETED | {"parameter": None},
        DELETED | {"resource_id": 20},
        DELETED | {"section": "data"},
        DELETED | {"type": "https://api.twitter.com/2/problems/resource-not-found"},
    ],
)
def test_a_deletion_of_the_resource_that_was_asked_for_settles_it(problem: dict[str, Any]) -> None:
    """Whatever else the problem leaves out."""
    assert _states(problem) == {10: PostState.ALIVE, 20: PostState.DELETED}


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"title": "Forbidden"}, PostState.SUSPENDED),
        ({"type": "https://api.x.com/2/problems/not-authorized-for-resource"}, PostState.PROTECTED),
        ({"type": "https://api.x.com/2/problems/internal-error"}, PostState.UNKNOWN),
    ],
)
def test_other_problems_of_that_resource_keep_their_meaning(change: dict[str, Any], state: PostState) -> None:
    """Only X's word that it is not there is a deletion."""
    assert _states(DELETED | change)[20] is state


@pytest.mark.parametrize(
    "change",
    [
        {"resource_id": "30"},
        {"resource_id": None, "value": "20"},
        {"resource_id": "", "value": "20"},
        {"resource_type": "user"},
        {"resource_type": "media"},
        {"section": "includes"},
        {"parameter": "referenced_tweets.id"},
        {"parameter": "in_reply_to_user_id"},
    ],
)
def test_a_problem_of_something_else_settles_nothing(change: dict[str, Any]) -> None:
    """Another post, an account of that id, something included or referred to, or no resource at all: not known."""
    assert _states(DELETED | change)[20] is PostState.UNKNOWN


def test_a_post_that_is_there_is_alive_all_the_same() -> None:
    """X may send a post and a problem about it."""
    assert _states(DELETED | {"resource_id": "10"})[10] is PostState.ALIVE


@pytest.mark.parametrize("change", [{}, {"resource_type": "user"}])
def test_an_account_is_missing_for_the_reason_that_is_given(change: dict[str, Any]) -> None:
    """The same holds for accounts."""
    body = {"errors": [DELETED | {"resource_id": "Gone"} | change]}
    with serving(always(200, body)) as server:
        found = XClient(server.url).perform(calls.users_by(usernames=["gone"]), CREDENTIAL).unwrap()

    assert found.missing == {"gone": "not-found"}
