"""However slowly or endlessly the other side sends, an exchange ends when its time is over."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from shared.domain.errors import MediaUnavailable, NoAnswer
from shared.media import fetch
from shared.media.fetch import MediaFetcher
from shared.platforms.route import Route
from shared.platforms.transport import BrokenAnswer, HttpTransport, Timeouts
from shared.platforms.x.auth import BearerAuth
from tests.cases.hosts import certificate, drip
from tests.shared.platforms.x.local_server import serving

# A byte comes well within the time between two of them; only the time of the whole can end it.
TIMEOUTS = Timeouts(connect_seconds=1, read_seconds=1, total_seconds=0.6)
AUTH = BearerAuth(SecretStr("the-secret-token"))
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
Sender = Callable[[socket.socket], None]


def _flood(connection: socket.socket, data: bytes, rest: bytes) -> None:
    """As fast as they are taken."""
    connection.sendall(data)
    while True:
        connection.sendall(rest * 100)


HEADS: dict[str, Sender] = {
    "status line drips": lambda c: drip(c, b"HTTP/1.1 200 ", b"O"),
    "header line drips": lambda c: drip(c, OK + b"a: ", b"b"),
    "headers drip": lambda c: drip(c, OK, b"a: b\r\n"),
    "100 Continue drips": lambda c: drip(c, b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "flood of 100 Continue": lambda c: _flood(c, b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "flood of 100 Continue with headers": lambda c: _flood(c, b"", b"HTTP/1.1 100 Continue\r\na: b\r\n\r\n"),
}
BODIES: dict[str, Sender] = {
    "body drips": lambda c: drip(c, OK + b"Content-Length: 100000\r\n\r\n"),
    "body without a length drips": lambda c: drip(c, OK + b"\r\n"),
    "packed body drips": lambda c: drip(
        c, OK + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\xff", b"\0\0\0\xff\xff"
    ),
    "chunk drips": lambda c: drip(c, CHUNKED + b"ffff\r\n"),
    "chunk size drips": lambda c: drip(c, CHUNKED, b"0"),
    "small chunks drip": lambda c: drip(c, CHUNKED, b"1\r\na\r\n"),
    "extension drips": lambda c: drip(c, CHUNKED + b"5;", b"a=b;"),
    "trailers drip": lambda c: drip(c, CHUNKED + b"2\r\n{}\r\n0\r\n", b"a: b\r\n"),
    "flood of trailers": lambda c: _flood(c, CHUNKED + b"2\r\n{}\r\n0\r\n", b"a: b\r\n"),
}
# What a bound of its own ends before the time does.
LINES: dict[str, Sender] = {
    "flood of headers": lambda c: _flood(c, OK, b"a: b\r\n"),
    "flood of one header": lambda c: _flood(c, OK, b"a"),
    "flood of one extension": lambda c: _flood(c, CHUNKED + b"5;", b"a=b;"),
    "flood of one trailer": lambda c: _flood(c, CHUNKED + b"2\r\n{}\r\n0\r\n", b"a"),
}


def _ask(
    sender: Sender, route: Route | None = None, timeouts: Timeouts = TIMEOUTS, **tls: object
) -> tuple[NoAnswer, float]:
    """What became of a call of X, and how long it took."""
    with serving(lambda connection, head: sender(connection), **tls) as server:  # type: ignore[arg-type]
        transport = HttpTransport(timeouts, route=route)
        started = time.monotonic()
        with pytest.raises(NoAnswer) as caught:
            transport.get("tweets", server.url, {}, AUTH)
        took = time.monotonic() - started
        transport.close()
    return caught.value, took


@pytest.mark.parametrize("kind", [*HEADS, *BODIES])
def test_an_answer_of_x_ends_with_its_time(kind: str) -> None:
    """The head counts as much as the body: nothing came whole, the call was sent, and the thread is free."""
    error, took = _ask((HEADS | BODIES)[kind])

    assert 0.5 < took < 3
    assert "longer than 0.6 s" in error.reason
    assert type(error) is (NoAnswer if kind in HEADS else BrokenAnswer)


@pytest.mark.parametrize("kind", ["headers drip", "body drips", "flood of trailers"])
def test_tls_keeps_to_the_time_too(kind: str, tmp_path: Path) -> None:
    """The records of TLS change nothing about who ends the wait."""
    file, context = certificate(tmp_path)

    error, took = _ask((HEADS | BODIES)[kind], Route(ca_file=file), tls=context)

    assert 0.5 < took < 3
    assert "longer than 0.6 s" in error.reason


@pytest.mark.parametrize("kind", LINES)
def test_lines_without_end_are_left_at_once(kind: str) -> None:
    """A line has a length and a head has a number of lines: neither fills the memory until the time is over."""
    error, took = _ask(LINES[kind], timeouts=Timeouts(read_seconds=10, total_seconds=20))

    assert took < 5
    assert type(error) in {NoAnswer, BrokenAnswer}


@pytest.mark.parametrize("kind", [*HEADS, *BODIES, *LINES])
def test_a_file_ends_with_its_time(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A media host has the same means and gets no more time: to be tried again, and nothing is left of it."""
    monkeypatch.setattr(fetch, "TOTAL_TIMEOUTS", 0.6)
    sender = (HEADS | BODIES | LINES)[kind]
    with serving(lambda connection, head: sender(connection)) as host:
        fetcher = MediaFetcher(tmp_path, hosts=[host.url], max_bytes=10**9, read_timeout_seconds=1.0)
        started = time.monotonic()
        with pytest.raises(MediaUnavailable):
            fetcher.fetch(f"{host.url}/file")

        assert time.monotonic() - started < 3
    assert list(tmp_path.iterdir()) == []


def test_a_slow_answer_within_its_time_is_taken() -> None:
    """A byte now and then is no fault as long as the whole comes in time."""

    answer = OK + b"Content-Length: 2\r\n\r\n{}"
    with serving(lambda connection, head: drip(connection, b"", answer)) as server:
        transport = HttpTransport(Timeouts(connect_seconds=1, read_seconds=0.5, total_seconds=5))
        assert transport.get("tweets", server.url, {}, AUTH).body == b"{}"


def test_an_exchange_that_ends_does_not_end_another() -> None:
    """Calls of other threads through the same pool have their own time."""
    dripping = threading.Event()

    def reply(connection: socket.socket, head: str) -> None:
        if "slow" in head:
            dripping.set()
            return drip(connection, OK)
        connection.sendall(OK + b"Content-Length: 2\r\n\r\n{}")

    def give_up() -> None:
        with pytest.raises(NoAnswer):
            transport.get("tweets", f"{server.url}/slow", {}, AUTH)

    with serving(reply) as server:
        transport = HttpTransport(TIMEOUTS)
        slow = threading.Thread(target=give_up)
        slow.start()
        assert dripping.wait(5)
        answers = 0
        while slow.is_alive():
            answers += transport.get("tweets", server.url, {}, AUTH).status == 200

    assert answers > 10
