"""The whole flow over HTTP: consent, exchange, refresh, revocation, expiry, and credential kinds."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from simulator.api import Api
from simulator.config import Config
from simulator.oauth.clients import OauthSettings
from simulator.oauth.sessions import challenge_of
from tests.simulator.conftest import Server, TurnedClock

VERIFIER = "v" * 50
BACK = "http://127.0.0.1:9/back?from=x"
SCOPE = "tweet.read users.read offline.access"
USED = {"error": "invalid_request", "error_description": "Value passed for the token was invalid."}


def _asked(**changes: str) -> dict[str, str]:
    asked = {
        "response_type": "code",
        "client_id": "sim-app",
        "redirect_uri": BACK,
        "scope": SCOPE,
        "state": "s p/a",
        "code_challenge": challenge_of(VERIFIER).decode(),
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in {**asked, **changes}.items() if value}


def _consent(small_server: Server, **changes: str) -> requests.Response:
    url = f"{small_server.url}/i/oauth2/authorize"
    return small_server.session.get(url, params=_asked(**changes), allow_redirects=False, timeout=5)


def _code(small_server: Server, **changes: str) -> str:
    answer = _consent(small_server, auto="1", **changes)
    assert answer.status_code == 302, answer.text
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


def _post(
    small_server: Server, path: str = "token", auth: tuple[str, str] | None = None, **form: str
) -> tuple[int, dict[str, Any]]:
    answer = requests.post(f"{small_server.url}/2/oauth2/{path}", data=form, auth=auth, timeout=5)
    return answer.status_code, answer.json()


def _exchange(
    small_server: Server, client: str = "sim-app", secret: str = "sim-app-secret", **changes: str
) -> dict[str, Any]:
    form = {"grant_type": "authorization_code", "code_verifier": VERIFIER, "redirect_uri": BACK}
    auth = (client, secret) if secret else None
    body = {} if secret else {"client_id": client}
    status, pair = _post(small_server, auth=auth, **form, **body, code=_code(small_server, client_id=client, **changes))
    assert status == 200, pair
    return pair


def _refresh(small_server: Server, token: str) -> tuple[int, dict[str, Any]]:
    return _post(small_server, auth=("sim-app", "sim-app-secret"), grant_type="refresh_token", refresh_token=token)


def test_the_page_has_one_button_that_leads_back(small_server: Server) -> None:
    """The page names client, account and scopes; its button gives code and state, as `auto=1` does at once."""
    url = f"{small_server.url}/i/oauth2/authorize"
    page = _consent(small_server)
    pressed = small_server.session.post(url, params=_asked(), allow_redirects=False, timeout=5)
    denied = parse_qs(urlsplit(_consent(small_server, auto="deny").headers["location"]).query)

    back = parse_qs(urlsplit(pressed.headers["location"]).query)
    assert page.status_code == 200
    assert page.text.count("<button>") == 1
    assert "sim-app" in page.text
    assert "offline.access" in page.text
    assert pressed.headers["location"].startswith("http://127.0.0.1:9/back?from=x&")
    assert (back["from"], back["state"], len(back["code"])) == (["x"], ["s p/a"], 1)
    assert denied == {"from": ["x"], "state": ["s p/a"], "error": ["access_denied"]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"client_id": "stranger"}, "no client &#x27;stranger&#x27;"),
        ({"redirect_uri": "nowhere"}, "redirect_uri"),
        ({"response_type": "token"}, "response_type"),
        ({"state": "s" * 501}, "state"),
        ({"code_challenge_method": "plain"}, "S256"),
        ({"code_challenge": "short"}, "43 characters"),
        ({"scope": "tweet.read everything"}, "unknown everything"),
        ({"scope": ""}, "scope: is missing"),
        ({"user": "nobody_at_all", "auto": "1"}, "no account nobody_at_all"),
        ({"client_id": "<script>"}, "&lt;script&gt;"),
    ],
)
def test_a_bad_request_for_consent_leads_nowhere(small_server: Server, change: dict[str, str], said: str) -> None:
    """It is a page with status 400 that names the fault, and no redirect."""
    answer = _consent(small_server, **change)

    assert answer.status_code == 400
    assert said in answer.text
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("client", "secret"),
    [("sim-app", "sim-app-secret"), ("sim-public-app", ""), ("mine", "hush"), ("open", "")],
)
def test_confidential_and_public_clients_get_tokens_that_work(small_server: Server, client: str, secret: str) -> None:
    """HTTP Basic or `client_id` in the form; the token opens the API as the user who agreed."""
    account = small_server.truth("accounts")["accounts"][1]

    pair = _exchange(small_server, client, secret, user=account["username"])
    me = small_server.get("/2/users/me", pair["access_token"])

    assert (pair["token_type"], pair["expires_in"], set(pair["scope"].split())) == ("bearer", 7200, set(SCOPE.split()))
    assert me.json()["data"]["username"] == account["username"]
    assert int(me.headers["x-rate-limit-limit"]) == 75


def test_bodies_may_be_json_and_the_method_lower_case(small_server: Server) -> None:
    """A client that sends JSON, `s256` and asks for more scopes is served as one that sends forms."""
    asked = {"client_id": "sim-public-json", "code_challenge_method": "s256", "scope": f"{SCOPE} tweet.write"}
    url, body = f"{small_server.url}/2/oauth2", {"client_id": "sim-public-json"}
    grant = {"grant_type": "authorization_code", "code_verifier": VERIFIER, "redirect_uri": BACK}

    first = requests.post(f"{url}/token", json={**body, **grant, "code": _code(small_server, **asked)}, timeout=5)
    renewal = {"grant_type": "refresh_token", "refresh_token": first.json()["refresh_token"]}
    second = requests.post(f"{url}/token", json={**body, **renewal}, timeout=5)
    ended = requests.post(f"{url}/revoke", json={**body, "token": second.json()["access_token"]}, timeout=5)
    broken = requests.post(f"{url}/token", data=b'{"grant_type": ', auth=("sim-app", "sim-app-secret"), timeout=5)

    assert "tweet.write" in first.json()["scope"].split()
    assert (second.status_code, ended.json()) == (200, {"revoked": True})
    assert small_server.get("/2/users/me", second.json()["access_token"]).status_code == 401
    assert (broken.status_code, broken.json()["error"]) == (400, "invalid_request")


def test_a_client_must_prove_who_it_is(small_server: Server) -> None:
    """A wrong secret, none, or an unknown client is 401 with X's words."""
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    said = {"error": "unauthorized_client", "error_description": "Missing valid authorization header"}

    for auth, client in ((("sim-app", "wrong"), {}), (None, {"client_id": "sim-app"}), (None, {"client_id": "nobody"})):
        assert _post(small_server, auth=auth, **form, **client) == (401, said)


def test_a_refresh_token_rotates_and_its_second_use_ends_the_session(small_server: Server) -> None:
    """A refresh gives a new pair; the used token is X's exact 400, and after it nothing of the session works."""
    first = _exchange(small_server)
    _, second = _refresh(small_server, first["refresh_token"])
    before = small_server.get("/2/users/me", second["access_token"]).status_code

    reused = _refresh(small_server, first["refresh_token"])
    after = small_server.get("/2/users/me", second["access_token"])

    assert second["refresh_token"] != first["refresh_token"]
    assert (before, reused) == (200, (400, USED))
    assert (after.status_code, after.json()["title"]) == (401, "Unauthorized")
    assert _refresh(small_server, second["refresh_token"]) == (400, USED)
    assert small_server.truth("sessions")["sessions"][-1]["ended"] == "reused"


def test_of_two_that_refresh_at_once_one_wins_and_the_session_is_lost(small_server: Server) -> None:
    """Eight threads with the same token: one pair, seven refusals."""
    token = _exchange(small_server)["refresh_token"]

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(status for status, _ in pool.map(lambda _: _refresh(small_server, token), range(8)))

    assert statuses == [200] + [400] * 7


def test_a_refresh_keeps_the_window_of_its_user(small_server: Server) -> None:
    """Limits are counted by user, so a new access token goes on where the old one was."""
    first = _exchange(small_server)
    path, counts = "/2/users/me", []
    counts.append(small_server.get(path, first["access_token"]).headers["x-rate-limit-remaining"])
    _, second = _refresh(small_server, first["refresh_token"])
    counts.append(small_server.get(path, second["access_token"]).headers["x-rate-limit-remaining"])

    assert int(counts[1]) == int(counts[0]) - 1


def test_a_revoked_token_is_401(small_server: Server) -> None:
    """After the refresh token is revoked the access token opens nothing either."""
    pair = _exchange(small_server)
    auth = ("sim-app", "sim-app-secret")

    assert small_server.get("/2/users/me", pair["access_token"]).status_code == 200
    assert _post(small_server, "revoke", auth=auth, token=pair["refresh_token"]) == (200, {"revoked": True})
    assert small_server.get("/2/users/me", pair["access_token"]).status_code == 401


def test_an_expired_token_is_401() -> None:
    """An access token opens the API until the end of the life that `expires_in` promised."""
    clock = TurnedClock()
    settings = OauthSettings(access_token_seconds=60)
    api = Api(Config(accounts=2, history_hours=1, oauth=settings), clock)
    page = api.oauth_answer(
        "GET", "/i/oauth2/authorize", urlencode(_asked(auto="1", client_id="sim-public-a")), b"", None
    )
    code = parse_qs(urlsplit(page.headers["location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "code_verifier": VERIFIER, "redirect_uri": BACK, "code": code}
    body = urlencode({**form, "client_id": "sim-public-a"}).encode()
    pair = json.loads(api.oauth_answer("POST", "/2/oauth2/token", "", body, None).body)

    statuses = []
    for seconds in (0, 59.999, 0.001):
        clock.turn(seconds)
        bearer = f"Bearer {pair['access_token']}"
        statuses.append(api.answer("GET", "/2/users/me", "", bearer, "http://sim").status)

    assert pair["expires_in"] == 60
    assert statuses == [200, 200, 401]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "Missing required parameter [grant_type]."),
        ({"grant_type": "password"}, "[password] is not supported"),
        ({"grant_type": "refresh_token"}, "Missing required parameter [refresh_token]."),
        ({"grant_type": "authorization_code", "code": "x"}, "Missing required parameter [code_verifier]."),
    ],
)
def test_a_bad_form_is_400_with_the_parameter(small_server: Server, form: dict[str, str], said: str) -> None:
    """The token endpoint names what is missing."""
    status, body = _post(small_server, auth=("sim-app", "sim-app-secret"), **form)

    assert status == 400
    assert said in body["error_description"]


def test_scopes_and_kinds_decide_about_endpoints(small_server: Server) -> None:
    """Without `like.read` likers are 403 Forbidden; an app's token is told the kinds; an unenrolled app is refused."""
    post_id = small_server.truth("posts")["posts"][0]["id"]
    path = f"/2/tweets/{post_id}/liking_users"
    narrow, wide = _exchange(small_server), _exchange(small_server, scope=f"{SCOPE} like.read")

    answers = [
        small_server.get(path, token) for token in (narrow["access_token"], wide["access_token"], "sim-app-token")
    ]
    unenrolled = small_server.get("/2/tweets", "sim-unenrolled-a", ids=1).json()

    assert [answer.status_code for answer in answers] == [403, 200, 403]
    assert answers[0].json()["title"] == "Forbidden"
    assert "[OAuth 1.0a User Context, OAuth 2.0 User Context]" in answers[2].json()["detail"]
    assert (unenrolled["title"], unenrolled["reason"]) == ("Client Forbidden", "client-not-enrolled")


def test_the_token_endpoint_can_fail_too(small_server: Server) -> None:
    """A fault script that names it acts on it; `*` does not; a lost answer has rotated the token all the same."""
    token = _exchange(small_server)["refresh_token"]
    for endpoint in ("*", "oauth2/token"):
        rules = [{"match": {"endpoint": endpoint}, "answer": {"kind": "cut_body", "share": 0.5}}]
        small_server.session.post(f"{small_server.url}/_sim/faults", json={"rules": rules}, timeout=5)
        if endpoint == "*":
            token = _refresh(small_server, token)[1]["refresh_token"]
        else:
            with pytest.raises(requests.RequestException):
                _refresh(small_server, token)
    small_server.session.post(f"{small_server.url}/_sim/faults", json={}, timeout=5)

    assert _refresh(small_server, token) == (400, USED)
