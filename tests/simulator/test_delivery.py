"""Answers over HTTP that come late, cut, or never."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.simulator.conftest import Server


@pytest.fixture(autouse=True)
def no_script_after(small_server: Server) -> Iterator[None]:
    """Leave the shared simulator without faults."""
    yield
    small_server.session.post(f"{small_server.url}/_sim/faults", json={}, timeout=5)


def _script(small_server: Server, **answer: Any) -> None:
    body = {"rules": [{"match": {"endpoint": ["tweets", "files"]}, "answer": answer}]}
    assert small_server.session.post(f"{small_server.url}/_sim/faults", json=body, timeout=5).status_code == 200


def _raw(small_server: Server, timeout: float = 5, path: str = "/2/tweets?ids=1", *, close: bool = False) -> bytes:
    """Ask once by hand and read until the end of the connection."""
    host, port = small_server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout) as connection:
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Authorization: Bearer sim-a"]
        lines += ["Connection: close"] if close else []
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        parts = []
        while part := connection.recv(65_536):
            parts.append(part)
        return b"".join(parts)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_cut_body_is_shorter_than_it_promises(small_server: Server, share: float) -> None:
    """The headers are whole, part of the body comes, then the connection closes."""
    _script(small_server, kind="cut_body", share=share)

    head, _, body = _raw(small_server).partition(b"\r\n\r\n")

    (length,) = (int(line.split(b":")[1]) for line in head.splitlines() if line.startswith(b"content-length"))
    assert b"200 OK" in head
    assert len(body) == int(length * share)


@pytest.mark.parametrize("part", ["headers", "body"])
def test_an_answer_drips(small_server: Server, part: str) -> None:
    """Headers or body come a byte at a time, all the same whole in the end; others are answered meanwhile."""
    plain = _raw(small_server, close=True).partition(b"\r\n\r\n")
    _script(small_server, kind="drip", part=part, byte_ms=2)
    began = time.monotonic()

    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(_raw, small_server)
        assert small_server.get("/2/users", ids=1).status_code == 200
        assert not waiting.done()
        head, _, body = waiting.result().partition(b"\r\n\r\n")

    assert time.monotonic() - began >= 0.002 * len(head if part == "headers" else body)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == plain[2]


def test_a_flood_of_continues_comes_before_the_answer(small_server: Server) -> None:
    """So many interim answers as the script says, then the real one."""
    _script(small_server, kind="continue_flood", count=5_000)

    answer = _raw(small_server)

    assert answer.count(b"HTTP/1.1 100 Continue\r\n\r\n") == 5_000
    assert answer.split(b"100 Continue\r\n\r\n")[-1].startswith(b"HTTP/1.1 200 OK\r\n")
    assert json.loads(answer.rpartition(b"\r\n\r\n")[2])["errors"]


def test_a_length_can_have_thousands_of_digits(small_server: Server) -> None:
    """`Content-Length` has 5,000 digits, of the API and of files."""
    (item, *_) = small_server.truth("media")["media"]
    _script(small_server, kind="long_content_length")

    for path in ("/2/tweets?ids=1", item["url"].removeprefix(small_server.url)):
        head = _raw(small_server, path=path).partition(b"\r\n\r\n")[0]

        (length,) = (line for line in head.splitlines() if line.lower().startswith(b"content-length"))
        assert length.partition(b": ")[2] == b"9" * 5_000


def test_a_reset_is_a_reset(small_server: Server) -> None:
    """In place of an answer, or in the middle of one, the connection is reset."""
    for fault in ({"kind": "reset"}, {"kind": "cut_body", "share": 0.1, "by": "reset"}):
        _script(small_server, **fault)
        with pytest.raises(ConnectionResetError):
            _raw(small_server)
        with pytest.raises(requests.RequestException):
            small_server.get("/2/tweets", ids=1)


def test_no_answer_lasts_until_somebody_gives_up(small_server: Server) -> None:
    """The client waits in vain; with a time of its own the server closes; others are answered meanwhile."""
    _script(small_server, kind="no_answer")
    with pytest.raises(TimeoutError):
        _raw(small_server, timeout=0.2)

    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(_raw, small_server, 0.5)
        assert small_server.get("/2/users", ids=1).status_code == 200
        assert isinstance(waiting.exception(), TimeoutError)

    _script(small_server, kind="no_answer", close_after_ms=50)
    assert _raw(small_server) == b""


def test_a_delay_holds_back_its_own_answer_alone(small_server: Server) -> None:
    """A delayed answer is whole and late; an answer to somebody else is not."""
    _script(small_server, kind="pass", delay_ms=400)
    began = time.monotonic()

    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(small_server.get, "/2/tweets", ids=1)
        assert requests.get(
            small_server.url + "/2/users?ids=1", headers={"Authorization": "Bearer sim-a"}, timeout=5
        ).ok
        assert not waiting.done()
        assert waiting.result().status_code == 200

    assert time.monotonic() - began >= 0.4


def test_headers_can_be_missing(small_server: Server) -> None:
    """The rate headers are dropped, or any that are named, `Date` too."""
    _script(small_server, kind="drop_header")
    without_rates = small_server.get("/2/tweets", ids=1).headers
    _script(small_server, kind="drop_header", names=["Date", "X-Rate-Limit-Reset"])
    without_date = small_server.get("/2/tweets", ids=1).headers

    assert not any(name.startswith("x-rate-limit") for name in without_rates)
    assert "date" in without_rates
    assert "date" not in without_date
    assert "x-rate-limit-limit" in without_date


def test_files_of_media_can_fail_too(small_server: Server) -> None:
    """A download is cut where the script says `files`."""
    (item, *_) = small_server.truth("media")["media"]
    _script(small_server, kind="cut_body", share=0.5)

    with pytest.raises(requests.RequestException):
        _ = requests.get(item["url"], timeout=5).content
    _script(small_server, kind="drop_header", names=["etag"])
    whole = requests.get(item["url"], timeout=5)

    assert len(whole.content) == item["size"]
    assert "etag" not in whole.headers


def test_the_report_says_what_was_done(small_server: Server) -> None:
    """`GET /_sim/faults` counts calls and acts; an empty script ends the misery; a bad one is refused."""
    _script(small_server, kind="server_error", form="html")
    first = small_server.get("/2/tweets", ids=1)
    report = small_server.truth("faults")
    small_server.session.post(f"{small_server.url}/_sim/faults", json={}, timeout=5)
    second = small_server.get("/2/tweets", ids=1)
    bad = small_server.session.post(f"{small_server.url}/_sim/faults", json={"rules": [{}]}, timeout=5)

    assert (first.status_code, second.status_code) == (503, 200)
    assert report["rules"] == [{"name": "", "kind": "server_error", "calls": 1, "fired": 1, "unfit": 0}]
    assert (bad.status_code, bad.json()["error"]) == (400, "rules.0.answer: Field required")
