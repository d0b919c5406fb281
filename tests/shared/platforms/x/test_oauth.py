"""OAuth 2.0 against the simulator, and against servers that answer everything else."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import traceback
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.domain.errors import CoveyError, InputError, NoAnswer, NotFound, ServerFault, Unauthorized, WindowExceeded
from shared.platforms.x.oauth import (
    OAuthClient,
    TokenEndpoint,
    TokenRefused,
    authorize_url,
    challenge_of,
)
from shared.platforms.x.scopes import DEFAULT_SCOPES
from tests.shared.platforms.x.token_server import OLD_TOKEN, PUBLIC, TIMEOUTS, TokenServer

CONFIDENTIAL = OAuthClient("sim-app", SecretStr("sim-app-secret"))
REDIRECT = "http://127.0.0.1:8711/callback"
VERIFIER = SecretStr("v" * 64)
ISSUED = {"access_token": "new-access", "refresh_token": "new-refresh", "token_type": "bearer", "expires_in": 7200}


# --- the simulator


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A running simulator."""
    options = ("--port", "0", "--accounts", "2", "--history-hours", "1")
    process = subprocess.Popen([sys.executable, "-m", "simulator", *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield str(json.loads(process.stdout.readline())["url"])
    process.terminate()
    process.wait(10)
    process.stdout.close()


def code_of(url: str, client: OAuthClient, scopes: tuple[str, ...] = DEFAULT_SCOPES) -> SecretStr:
    """What a person's browser brings back after they agreed."""
    page = authorize_url(
        f"{url}/i/oauth2/authorize",
        client_id=client.id,
        redirect_uri=REDIRECT,
        scopes=scopes,
        state="s",
        challenge=challenge_of(VERIFIER),
    )
    answer = requests.get(page + "&auto=1", allow_redirects=False, timeout=5)
    return SecretStr(dict(parse_qsl(urlsplit(answer.headers["Location"]).query))["code"])


@pytest.mark.parametrize("client", [PUBLIC, CONFIDENTIAL], ids=lambda client: client.id)
def test_a_code_becomes_tokens_and_they_rotate(url: str, client: OAuthClient) -> None:
    """A public and a confidential client get both tokens, the scopes and a life, and new ones for the refresh token."""
    endpoint = TokenEndpoint(url)

    first = endpoint.exchange(client, code=code_of(url, client), verifier=VERIFIER, redirect_uri=REDIRECT)
    assert first.refresh is not None
    second = endpoint.refresh(client, first.refresh)

    assert first.lifetime_seconds == second.lifetime_seconds == 7200
    assert set(first.scopes) == set(DEFAULT_SCOPES)
    assert second.refresh is not None
    assert second.refresh != first.refresh
    assert second.access != first.access
    with pytest.raises(TokenRefused, match="Value passed for the token was invalid"):
        endpoint.refresh(client, first.refresh)


def test_without_offline_access_there_is_no_refresh_token(url: str) -> None:
    """The scopes say what was granted."""
    code = code_of(url, PUBLIC, ("tweet.read", "users.read"))

    issued = TokenEndpoint(url).exchange(PUBLIC, code=code, verifier=VERIFIER, redirect_uri=REDIRECT)

    assert issued.refresh is None
    assert set(issued.scopes) == {"tweet.read", "users.read"}


def test_a_code_is_good_once(url: str) -> None:
    """A second use is refused as a used token is."""
    code = code_of(url, PUBLIC)
    endpoint = TokenEndpoint(url)
    endpoint.exchange(PUBLIC, code=code, verifier=VERIFIER, redirect_uri=REDIRECT)

    with pytest.raises(TokenRefused, match="authorization code was invalid"):
        endpoint.exchange(PUBLIC, code=code, verifier=VERIFIER, redirect_uri=REDIRECT)


def test_a_wrong_verifier_or_secret_is_the_app_s_fault(url: str) -> None:
    """Such an answer says nothing about the token."""
    wrong_secret = OAuthClient("sim-app", SecretStr("another-secret"))
    with pytest.raises(Unauthorized, match="401 unauthorized_client") as refused:
        TokenEndpoint(url).refresh(wrong_secret, OLD_TOKEN)
    code = code_of(url, PUBLIC)
    with pytest.raises(Unauthorized, match="code verifier") as mismatch:
        TokenEndpoint(url).exchange(PUBLIC, code=code, verifier=SecretStr("w" * 64), redirect_uri=REDIRECT)

    assert not isinstance(refused.value, TokenRefused)
    assert not isinstance(mismatch.value, TokenRefused)


# --- a server that answers as it is told


@pytest.fixture(scope="module")
def server() -> Iterator[TokenServer]:
    """A token endpoint whose answers the test decides."""
    running = TokenServer()
    yield running
    running.stop()


def test_a_public_client_sends_its_id_and_a_confidential_one_proves_it(server: TokenServer) -> None:
    """The secret goes into the header only, the refresh token into the form only."""
    server.refresh(ISSUED)
    assert server.form == {
        "grant_type": "refresh_token",
        "refresh_token": "the-old-refresh-token",
        "client_id": PUBLIC.id,
    }
    assert "authorization" not in server.headers
    assert server.headers["content-type"] == "application/x-www-form-urlencoded"

    server.refresh(ISSUED, client=CONFIDENTIAL)
    assert server.form == {"grant_type": "refresh_token", "refresh_token": "the-old-refresh-token"}
    scheme, _, pair = server.headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(pair)) == ("Basic", b"sim-app:sim-app-secret")


def test_what_x_leaves_out_is_unknown(server: TokenServer) -> None:
    """No life, no scopes and no refresh token are no error."""
    issued = server.refresh({"access_token": "new-access"})

    assert (issued.refresh, issued.lifetime_seconds, issued.scopes) == (None, None, ())
    assert issued.access.get_secret_value() == "new-access"


@pytest.mark.parametrize("lifetime", [0, -1, "7200", True, None, [], 1e300])
def test_a_life_that_is_none_is_unknown(server: TokenServer, lifetime: object) -> None:
    """A token with a strange life is still a token: it was issued, and must not be thrown away."""
    assert server.refresh({**ISSUED, "expires_in": lifetime}).lifetime_seconds is None


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'{"access_token": ',
        {"refresh_token": "new-refresh"},
        {"access_token": ""},
        {"access_token": 5},
        {"access_token": "two words"},
        {"access_token": "line\nbreak"},
        {"access_token": "new-access", "token_type": "mac"},
    ],
)
def test_a_200_without_tokens_tells_nothing(server: TokenServer, answer: object) -> None:
    """Whether the old refresh token was used is unknown then."""
    with pytest.raises(NoAnswer, match="oauth2/token"):
        server.refresh(answer)


INVALID = {"error": "invalid_request", "error_description": "Value passed for the token was invalid."}


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (400, INVALID, TokenRefused),
        (400, {"error": "invalid_grant"}, TokenRefused),
        (
            400,
            {"error": "invalid_request", "error_description": "Missing required parameter [client_id]."},
            Unauthorized,
        ),
        (400, {"error": "unauthorized_client"}, Unauthorized),
        (400, {}, Unauthorized),
        (400, b"<html>", Unauthorized),
        (401, INVALID, Unauthorized),
        (401, {"error": "invalid_client"}, Unauthorized),
        (403, {"title": "Forbidden", "detail": "suspended"}, Unauthorized),
        (403, b"<html>Cloudflare</html>", Unauthorized),
        (404, {"title": "Not Found"}, NotFound),
        (404, b"nothing", ServerFault),
        (429, {"title": "Too Many Requests"}, WindowExceeded),
        (500, b"oops", ServerFault),
        (503, {"title": "Service Unavailable"}, ServerFault),
        (302, b"", NoAnswer),
    ],
)
def test_every_refusal_has_its_meaning(
    server: TokenServer, status: int, answer: object, expected: type[CoveyError]
) -> None:
    """Only X's own words about the token condemn it; all else is the app, X's fault, or nothing."""
    with pytest.raises(expected) as caught:
        server.refresh(answer, status)

    assert type(caught.value) is expected


def test_nobody_there_is_no_answer() -> None:
    """A server that is away has used nothing, which the caller cannot tell from a lost answer."""
    with pytest.raises(NoAnswer):
        TokenEndpoint("http://127.0.0.1:1", timeouts=TIMEOUTS).refresh(PUBLIC, OLD_TOKEN)


@settings(deadline=None, max_examples=40)
@given(
    token=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60).map("~a-t0k3n~".__add__),
    status=st.sampled_from([200, 302, 400, 401, 403, 404, 429, 500]),
    place=st.sampled_from(["error", "error_description", "detail", "title", "raw", "access_token"]),
)
def test_no_error_shows_a_secret_that_x_quotes(server: TokenServer, token: str, status: int, place: str) -> None:
    """Not in the message, not in a cause, not in any frame; neither a token sent nor one received."""
    said = (
        token.encode() if place == "raw" else json.dumps({place: f"about {token} here", "token_type": "mac"}).encode()
    )
    server.answer = (status, said)
    client = OAuthClient("sim-app", SecretStr(token + "-client"))

    with pytest.raises(CoveyError) as caught:
        TokenEndpoint(server.url, timeouts=TIMEOUTS).refresh(client, SecretStr(token))

    error: BaseException | None = caught.value
    while error is not None:
        assert token not in f"{error!r} {error}"
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename != __file__:
                assert token not in repr(frame.f_locals)
        error = error.__cause__ or error.__context__


# --- the address where a person agrees


def test_the_address_asks_for_what_x_needs() -> None:
    """Every parameter of the code flow with PKCE, and what the address had already."""
    found = authorize_url(
        "https://x.com/i/oauth2/authorize?lang=en",
        client_id="id",
        redirect_uri=REDIRECT,
        scopes=DEFAULT_SCOPES,
        state="a state",
        challenge="c",
    )

    parts = urlsplit(found)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "x.com", "/i/oauth2/authorize")
    assert "+" not in parts.query
    assert dict(parse_qsl(parts.query)) == {
        "lang": "en",
        "response_type": "code",
        "client_id": "id",
        "redirect_uri": REDIRECT,
        "scope": "tweet.read users.read offline.access",
        "state": "a state",
        "code_challenge": "c",
        "code_challenge_method": "S256",
    }


def test_the_challenge_is_that_of_the_rfc() -> None:
    """The example of RFC 7636, appendix B."""
    verifier = SecretStr("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")

    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize("base", ["", "x.com/authorize", "ftp://x.com", "javascript:alert(1)", "https://"])
def test_an_address_that_is_none_is_named(base: str) -> None:
    """The message says which setting it is."""
    with pytest.raises(InputError, match="COVEY_X_AUTHORIZE_URL"):
        authorize_url(base, client_id="id", redirect_uri=REDIRECT, scopes=(), state="s", challenge="c")
