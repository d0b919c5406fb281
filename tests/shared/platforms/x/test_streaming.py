"""Connections to streams: real servers that speak, fall silent, break and refuse."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from shared.domain.errors import NoAnswer, NotSent
from shared.platforms.route import Route
from shared.platforms.x.auth import Credential
from shared.platforms.x.streaming import MAX_LINE_BYTES, Connection
from shared.runtime.embedded import free_port
from tests.shared.platforms.x.local_server import Reply, serving

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _stream(*pieces: bytes, then: Callable[[socket.socket], None] = lambda connection: None) -> Reply:
    def reply(connection: socket.socket, head: str) -> None:
        connection.sendall(HEAD)
        for piece in pieces:
            connection.sendall(_chunk(piece))
        then(connection)

    return reply


def _cut(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def _ended(connection: socket.socket) -> None:
    connection.sendall(b"0\r\n\r\n")


def _read(url: str, credential: Credential, silence_seconds: float = 5.0) -> tuple[list[bytes], NoAnswer]:
    """All lines until it breaks, and how it broke."""
    connection, found = Connection("search/stream", credential, silence_seconds), []
    try:
        connection.open(Route(), f"{url}/2/x", {"a": "b"})
        with pytest.raises(NoAnswer) as broken:
            _into(found, connection)
    finally:
        connection.close()
    return found, broken.value


def _into(found: list[bytes], connection: Connection) -> None:
    for lines in connection.lines():
        found += lines


def test_lines_are_whole_however_they_are_cut(credential: Credential) -> None:
    """A line in two pieces is one line, two lines in one piece are two, and blank ones are none."""
    with serving(_stream(b'{"a"', b":1}\r\n", b"\r\n", b"b\r\nc\r\n\r\n", b"rest", then=_cut)) as server:
        lines, broken = _read(server.url, credential)

    assert lines == [b'{"a":1}', b"b", b"c"]
    assert "search/stream" in str(broken)


def test_each_line_comes_at_once(credential: Credential) -> None:
    """A line is there before the next one is sent."""
    told = threading.Event()
    heard: list[list[bytes]] = []

    def wait(connection: socket.socket) -> None:
        assert told.wait(5)
        connection.sendall(_chunk(b"second\r\n"))
        _cut(connection)

    with serving(_stream(b"first\r\n", then=wait)) as server:
        connection = Connection("search/stream", credential, 5.0)
        connection.open(Route(), server.url, {})
        lines = connection.lines()
        heard.append(next(lines))
        told.set()
        heard.append(next(lines))
        connection.close()

    assert heard == [[b"first"], [b"second"]]


def test_silence_has_an_end_and_keep_alives_begin_it_anew(credential: Credential) -> None:
    """A stream that sends nothing is dead after its time, counted from the last blank line."""

    pause = threading.Event()

    def blanks(connection: socket.socket) -> None:
        for _ in range(3):
            pause.wait(0.3)
            connection.sendall(_chunk(b"\r\n"))

    started = time.monotonic()
    with serving(_stream(then=blanks)) as server:
        _, broken = _read(server.url, credential, silence_seconds=0.5)

    assert broken.reason == "it sent nothing for 0.5 s"
    assert 1.3 < time.monotonic() - started < 4


def test_an_end_by_x_is_told(credential: Credential) -> None:
    """A stream that X ends in order is no silence and no cut."""
    with serving(_stream(b"last\r\n", then=_ended)) as server:
        lines, broken = _read(server.url, credential)

    assert (lines, broken.reason) == ([b"last"], "X ended it")


def test_another_thread_ends_the_wait(credential: Credential) -> None:
    """An interrupted connection breaks at once, though its silence would be long."""
    with serving(_stream()) as server:
        connection = Connection("search/stream", credential, 60.0)
        connection.open(Route(), server.url, {})
        threading.Timer(0.2, connection.interrupt).start()
        started = time.monotonic()
        with pytest.raises(NoAnswer):
            list(connection.lines())
        connection.close()

    assert time.monotonic() - started < 5


def test_a_line_without_an_end_is_cut(credential: Credential) -> None:
    """Of a line that is longer than any event no more than its beginning is held."""
    piece = b"x" * 300_000
    with serving(_stream(*[piece] * 6, b"\r\nnext\r\n", then=_cut)) as server:
        lines, _ = _read(server.url, credential)

    assert len(lines[0]) <= MAX_LINE_BYTES + len(piece)
    assert lines[1:] == [b"next"]


def test_the_token_goes_along_and_the_body_is_not_packed(credential: Credential) -> None:
    """The request is signed, has its parameters, and asks for lines as they are."""
    with serving(_stream(then=_cut)) as server:
        _read(server.url, credential)

    head = server.requests[0]
    assert head.startswith("GET /2/x?a=b ")
    assert "Authorization: Bearer sim-" in head
    assert "Accept-Encoding: identity" in head


def test_nobody_there_is_not_sent(credential: Credential) -> None:
    """Where nobody listens nothing was written, and no error shows the token."""
    connection = Connection("search/stream", credential, 1.0)
    with pytest.raises(NotSent) as refused:
        connection.open(Route(), f"http://127.0.0.1:{free_port()}", {})
    connection.close()

    assert "sim-" not in str(refused.value)
