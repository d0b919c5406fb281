"""Credentials and connecting an account over HTTP, with the simulator as X."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from shared.credentials.vault import new_key
from shared.domain.access import Scope
from shared.services.bootstrap import Services
from tests.control.http.conftest import Api, problem
from tests.workers.world import Simulator

KEY = new_key()
HOUR = timedelta(hours=1)
NEEDED = {"credential_keys": KEY, "x_client_id": "sim-app", "x_client_secret": "sim-app-secret", "x_bearer_token": None}


@pytest.fixture
def connecting(serve: Callable[..., Api], make_services: Callable[..., Services], simulator: Simulator) -> Api:
    """An API that has all that connecting needs."""
    address = f"{simulator.url}/i/oauth2/authorize"
    return serve(make_services(simulator.url, x_authorize_url=address, public_url="https://covey.example/a/", **NEEDED))


def sent_back(started: dict[str, str], how: str = "auto=1") -> str:
    """The query with which X sends a browser back after a person has answered."""
    answer = requests.get(f"{started['url']}&{how}", timeout=10, allow_redirects=False)
    address, _, query = answer.headers["Location"].partition("?")
    assert address == started["redirect_uri"]
    return query


def come_back(api: Api, query: str) -> requests.Response:
    """What the browser does: it shows no token."""
    return api.get(f"/v1/connect/x/callback?{query}", token=None)


def test_an_account_is_connected(connecting: Api) -> None:
    """From the address to a credential that is used; the page, the record and the database hold no secret."""
    answer = connecting.post("/v1/connect/x/start", headers={"X-Covey-Note": "our own account"})
    assert answer.status_code == 201
    started = answer.json()
    assert started["redirect_uri"] == "https://covey.example/a/v1/connect/x/callback"
    asked = {name: values[0] for name, values in parse_qs(urlsplit(started["url"]).query).items()}
    assert (asked["code_challenge_method"], asked["scope"]) == ("S256", "tweet.read users.read offline.access")
    path = f"/v1/connect/x/{started['id']}"
    assert connecting.get(path).json()["state"] == "waiting"
    kept = str(list(connecting.services.stores.db["connections"].find()))
    assert asked["state"] not in kept

    query = sent_back(started)
    page = come_back(connecting, query)

    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "Covey was let in" in page.text
    assert "style-src" in page.headers["Content-Security-Policy"]
    told = connecting.get(path).json()
    assert (told["state"], told["is_renewable"], told["reason"]) == ("connected", True, None)
    (row,) = connecting.get("/v1/credentials").json()["data"]
    assert (row["id"], row["kind"], row["state"], row["is_stored"]) == (told["credential"], "oauth2_user", "ok", True)
    code = parse_qs(query)["code"][0]
    seen = connecting.get("/v1/audit").text + str(list(connecting.services.stores.db["connections"].find()))
    assert code not in seen
    assert asked["state"] not in seen
    entries = connecting.get("/v1/audit").json()["data"]
    assert [one["action"] for one in entries[:2]] == ["connect.finish", "connect.start"]
    assert entries[0]["actor"]["name"] == "test"

    again = come_back(connecting, query)
    assert again.status_code == 400
    assert connecting.get(path).json() == told


def test_a_person_who_says_no_is_believed(connecting: Api) -> None:
    """Nothing is stored; the reason is X's word."""
    started = connecting.post("/v1/connect/x/start", {"scopes": ["tweet.read"]}).json()
    page = come_back(connecting, sent_back(started, "auto=deny"))
    assert (page.status_code, "was not let in" in page.text) == (200, True)
    told = connecting.get(f"/v1/connect/x/{started['id']}").json()
    assert (told["state"], told["reason"], told["credential"]) == ("refused", "access_denied", None)
    assert connecting.get("/v1/credentials").json() == {"data": [], "blocks_unknown": None}


def test_only_what_was_asked_for_is_believed(connecting: Api) -> None:
    """Another state, none, two, no code, and one that came too late: each is answered, and changes nothing."""
    started = connecting.post("/v1/connect/x/start").json()
    query = sent_back(started)
    state = parse_qs(query)["state"][0]
    for wrong in ("", "code=a", "state=other&code=a", f"state={state}", f"{query}&state=b", f"{query}&code=b"):
        page = come_back(connecting, wrong)
        assert (page.status_code, "not an answer" in page.text) == (400, True), wrong
    connecting.services.stores.db["connections"].update_one(
        {"_id": started["id"]}, {"$set": {"begun_at": connecting.services.clock.now() - HOUR}}
    )
    assert come_back(connecting, query).status_code == 400
    assert connecting.get(f"/v1/connect/x/{started['id']}").json()["state"] == "expired"
    problem(connecting.get("/v1/connect/x/none"), 404, "not-found")


def test_a_code_that_x_does_not_take_is_told(connecting: Api) -> None:
    """The page and the status say why; the code is not shown."""
    started = connecting.post("/v1/connect/x/start").json()
    state = parse_qs(sent_back(started))["state"][0]
    page = come_back(connecting, f"state={state}&code=made-up-code")
    assert page.status_code == 409
    assert "made-up-code" not in page.text
    told = connecting.get(f"/v1/connect/x/{started['id']}").json()
    assert (told["state"], bool(told["reason"])) == ("failed", True)


@pytest.mark.parametrize(
    ("missing", "named"), [("credential_keys", "COVEY_CREDENTIAL_KEYS"), ("x_client_id", "COVEY_X_CLIENT_ID")]
)
def test_what_is_missing_is_named(
    serve: Callable[..., Api], make_services: Callable[..., Services], missing: str, named: str
) -> None:
    """Before anybody is asked."""
    api = serve(make_services("http://127.0.0.1:9", **{**NEEDED, missing: None}))
    assert named in problem(api.post("/v1/connect/x/start"), 422, "invalid-input")["detail"]
    problem(api.post("/v1/connect/x/start", {"scopes": ["tweet.read x"]}), 422, "invalid-input")


def test_credentials_are_for_operators(api: Api) -> None:
    """With the token of the environment, which is not said; and without those who may not see it."""
    (row,) = api.get("/v1/credentials").json()["data"]
    assert (row["kind"], row["is_stored"]) == ("bearer", False)
    token = api.services.settings.x_bearer_token
    assert token is not None
    assert token.get_secret_value() not in api.get("/v1/credentials").text
    for path in ("credentials", "connect/x/any"):
        problem(api.get(f"/v1/{path}", token=api.token([Scope.READ])), 403, "forbidden")
