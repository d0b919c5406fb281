"""OAuth 1.0a: signatures made by the usual library are taken, once; all others are not."""

from email.utils import parsedate_to_datetime

import pytest
import requests
from requests_oauthlib import OAuth1

from tests.simulator.conftest import Server

KEYS = ("sim-key", "sim-key-secret", "sim-token", "sim-token-secret")


def _now(small_server: Server) -> str:
    date = small_server.get("/_sim/health", None).headers["date"]
    return str(int(parsedate_to_datetime(date).timestamp()))


def _signed(small_server: Server, url: str, *keys: str, **options: str) -> requests.PreparedRequest:
    auth = OAuth1(*(keys or KEYS), **{"timestamp": _now(small_server), **options})
    return requests.Request("GET", small_server.url + url, auth=auth).prepare()


def _send(small_server: Server, request: requests.PreparedRequest) -> int:
    return small_server.session.send(request, timeout=5).status_code


@pytest.mark.parametrize("keys", [KEYS, ("ck", "cs", "42-t", "ts"), ("sim-k~two", "sim-k~two-secret", *KEYS[2:])])
def test_a_signed_request_is_that_of_a_user(small_server: Server, keys: tuple[str, ...]) -> None:
    """Method, URL and query are covered by the signature; the window is a user's."""
    url = "/2/tweets/search/recent?query=%40team%20OR%20from%3Aa_b%20%22caf%C3%A9%20%2B%22&max_results=10"

    answer = small_server.session.send(_signed(small_server, url, *keys), timeout=5)
    likers = _send(small_server, _signed(small_server, "/2/tweets/1/liking_users", *keys))

    assert answer.status_code == 200
    assert answer.headers["x-rate-limit-limit"] == "300"
    assert likers == 200


def test_what_is_not_signed_right_is_401(small_server: Server) -> None:
    """A wrong secret, an unknown key, another query, another method of signing or another time opens nothing."""
    right = _signed(small_server, "/2/tweets?ids=1")
    again, changed = right.copy(), right.copy()
    changed.url = f"{small_server.url}/2/tweets?ids=2"
    wrong = [
        _signed(small_server, "/2/tweets?ids=1", "sim-key", "guess", *KEYS[2:]),
        _signed(small_server, "/2/tweets?ids=1", *KEYS[:3], "guess"),
        _signed(small_server, "/2/tweets?ids=1", "nobody", "x", *KEYS[2:]),
        _signed(small_server, "/2/tweets?ids=1", signature_method="PLAINTEXT"),
        _signed(small_server, "/2/tweets?ids=1", timestamp=str(int(_now(small_server)) - 400)),
        changed,
    ]

    assert [_send(small_server, request) for request in wrong] == [401] * len(wrong)
    assert (_send(small_server, right), _send(small_server, again)) == (200, 401)


def test_counts_do_not_take_a_signature(small_server: Server) -> None:
    """Counts are for bearer tokens and OAuth 2.0; the 403 says so."""
    answer = small_server.session.send(_signed(small_server, "/2/tweets/counts/recent?query=team"), timeout=5)

    assert answer.status_code == 403
    assert "[OAuth 2.0 User Context, OAuth 2.0 Application-Only]" in answer.json()["detail"]
