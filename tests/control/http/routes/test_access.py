"""Tokens and the audit trail over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.domain.access import Scope, digest_of
from tests.control.http.conftest import Api, problem


def test_a_token_is_shown_once_and_opens_what_it_may(api: Api) -> None:
    """The text is in the answer to its making alone; with it one may do what its scopes say, and no more."""
    made = api.post("/v1/tokens", {"name": "ci", "scopes": ["read"]})
    assert made.status_code == 201
    text = made.json()["token"]
    assert api.get("/v1/me", token=text).json() == {
        "kind": "token",
        "name": "ci",
        "tenant": "default",
        "scopes": ["read"],
        "prefix": text[:8],
    }
    answer = api.get("/v1/tokens", token=text)
    body = problem(answer, 403, "forbidden")
    assert body["scope"] == "admin"
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    assert text not in api.get("/v1/tokens").text
    assert digest_of(text) not in api.get("/v1/tokens").text


def test_a_revoked_token_opens_nothing_at_once(api: Api) -> None:
    """From the next request on; to revoke it again changes nothing."""
    text = api.token([Scope.READ])
    (token,) = [one for one in api.get("/v1/tokens").json() if one["scopes"] == ["read"]]
    for _ in range(2):
        revoked = api.ask("DELETE", f"/v1/tokens/{token['id']}")
        assert revoked.status_code == 200
        assert revoked.json()["state"] == "revoked"
    problem(api.get("/v1/me", token=text), 401, "unauthenticated")
    problem(api.ask("DELETE", "/v1/tokens/none"), 404, "not-found")


def test_an_expired_token_opens_nothing(api: Api) -> None:
    """Its time is told by the clock of the process."""
    text = api.token([Scope.READ], days=1)
    assert api.get("/v1/me", token=text).status_code == 200
    api.services.stores.db["tokens"].update_one(
        {"digest": digest_of(text)}, {"$set": {"expires_at": api.services.clock.now() - timedelta(seconds=1)}}
    )
    problem(api.get("/v1/me", token=text), 401, "unauthenticated")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": "", "scopes": ["read"]}, "#/name"),
        ({"name": "a", "scopes": []}, "#/scopes"),
        ({"name": "a", "scopes": ["everything"]}, "#/scopes/0"),
        ({"name": "a", "scopes": ["read"], "tenant": "No Such"}, "#/tenant"),
        ({"name": "a", "scopes": ["read"], "expires_days": 0}, "#/expires_days"),
        ({"name": "a", "scopes": ["read"], "scope": "read"}, "#/scope"),
        ([], "#"),
    ],
)
def test_a_token_that_cannot_be_is_not_made(api: Api, body: object, pointer: str) -> None:
    """The problem points at what is wrong, and says nothing again that was sent."""
    before = len(api.get("/v1/tokens").json())
    told = problem(api.post("/v1/tokens", body), 422, "invalid-input")
    assert pointer in [one["pointer"] for one in told["errors"]]
    assert len(api.get("/v1/tokens").json()) == before


def test_every_change_is_on_the_record(api: Api) -> None:
    """Who, what, from where and why, how it was and how it is, page by page without a gap; reading leaves no trace."""
    made = [
        api.post("/v1/tokens", {"name": f"t{n}", "scopes": ["read"]}, headers={"X-Covey-Note": f"why {n}"}).json()
        for n in range(5)
    ]
    api.ask("DELETE", f"/v1/tokens/{made[0]['id']}")
    seen, cursor = [], ""
    while True:
        page = api.get(f"/v1/audit?limit=2{cursor}").json()
        seen += page["data"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len({one["id"] for one in seen}) == len(seen) == 7  # the token of this test, five and a revocation
    newest, *others = seen
    assert (newest["action"], newest["target"], newest["outcome"]) == ("token.revoke", made[0]["id"], "done")
    assert (newest["before"]["state"], newest["after"]["state"]) == ("active", "revoked")
    assert [one["note"] for one in others[:5]] == [f"why {n}" for n in (4, 3, 2, 1, 0)]
    assert others[0]["ip"] == "127.0.0.1"
    assert others[0]["actor"]["kind"] == "token"
    assert [one["action"] for one in api.get("/v1/audit?action=token.revoke").json()["data"]] == ["token.revoke"]
    assert api.get("/v1/audit?tenant=acme").json()["data"] == []


@pytest.mark.parametrize("cursor", ["x", "W10", "WzEsMl0", "bnVsbA", "WzFlOTk5LCJhIl0", "é"])
def test_a_cursor_that_was_never_given_is_refused(api: Api, cursor: str) -> None:
    """It is opaque, and not guessed at."""
    problem(api.get("/v1/audit", params={"cursor": cursor}), 422, "invalid-input")
