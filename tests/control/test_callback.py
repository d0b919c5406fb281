"""The loopback server that a browser comes back to, by real HTTP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
import requests

from control.callback import Callback
from shared.domain.errors import InputError

STATE = "the-state-that-was-sent"


@pytest.fixture
def callback() -> Iterator[Callback]:
    """A server on a free port."""
    with Callback(0, STATE) as running:
        yield running


def come_back(callback: Callback, **given: str) -> requests.Response:
    """What a browser does when X sends it back."""
    return requests.get(f"{callback.redirect_uri}?{urlencode(given)}", timeout=5)


def test_the_right_state_brings_the_code(callback: Callback) -> None:
    """The person reads that it is done; the page holds no code, loads nothing, and is not kept."""
    page = come_back(callback, state=STATE, code="a-code")

    assert callback.wait(1).get_secret_value() == "a-code"
    assert page.status_code == 200
    assert "You can close this window" in page.text
    assert "a-code" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert (page.headers["Cache-Control"], page.headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert "Python" not in page.headers["Server"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"code": "evil"},
        {"state": "", "code": "evil"},
        {"state": "other", "code": "evil"},
        {"state": "ü", "code": "x"},
    ],
)
def test_another_state_changes_nothing(callback: Callback, given: dict[str, str]) -> None:
    """What somebody else sent is refused, and the real answer is still taken."""
    refused = come_back(callback, **given)
    come_back(callback, state=STATE, code="a-code")

    assert refused.status_code == 400
    assert callback.wait(1).get_secret_value() == "a-code"


def test_only_the_first_answer_counts(callback: Callback) -> None:
    """A browser that reloads the page does not bring a second code."""
    come_back(callback, state=STATE, code="first")

    assert come_back(callback, state=STATE, code="second").status_code == 409
    assert callback.wait(1).get_secret_value() == "first"


@pytest.mark.parametrize(("error", "shown"), [("access_denied", "access_denied"), ("<b>x</b>", "X gave no reason")])
def test_a_person_who_refuses_ends_it(callback: Callback, error: str, shown: str) -> None:
    """The reason is X's word, if it is one."""
    page = come_back(callback, state=STATE, error=error)

    assert "Nothing was stored" in page.text
    with pytest.raises(InputError, match=f"access was not given: {shown}"):
        callback.wait(1)


def test_what_is_no_answer_is_not_found(callback: Callback) -> None:
    """An icon, another path, another method, the right state without a code: all are answered, none is believed."""
    base = callback.redirect_uri.removesuffix("/callback")

    assert requests.get(f"{base}/favicon.ico", timeout=5).status_code == 404
    assert requests.post(callback.redirect_uri, timeout=5).status_code == 501
    assert come_back(callback, state=STATE).status_code == 400
    with pytest.raises(InputError, match=r"within 0\.01 s"):
        callback.wait(0.01)


def test_a_connection_without_a_request_holds_nobody_up(callback: Callback) -> None:
    """Browsers open connections ahead of need."""
    port = int(callback.redirect_uri.split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port)):
        assert come_back(callback, state=STATE, code="a-code").status_code == 200


def test_a_code_that_comes_later_wakes_who_waits(callback: Callback) -> None:
    """Waiting ends with the answer, not with the time."""
    threading.Timer(0.05, come_back, (callback,), {"state": STATE, "code": "a-code"}).start()

    assert callback.wait(10).get_secret_value() == "a-code"


def test_a_port_that_is_taken_is_named() -> None:
    """With what to do about it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(InputError, match=f"port {port} on 127.0.0.1: .*--port"):
            Callback(port, STATE)


def test_the_port_is_free_afterwards() -> None:
    """Another try may take the same one."""
    with Callback(0, STATE) as first:
        port = int(first.redirect_uri.split(":")[2].split("/")[0])
    with Callback(port, STATE) as second:
        assert second.redirect_uri == first.redirect_uri
