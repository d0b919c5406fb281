"""HTTP against real servers on the loopback that break in every way they can."""

from __future__ import annotations

import gzip
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest
from pydantic import SecretStr

from shared.domain.errors import NoAnswer, NotSent
from shared.platforms.transport import BrokenAnswer, HttpTransport, RawAnswer, Timeouts
from shared.platforms.x.auth import BearerAuth
from tests.shared.platforms.x.local_server import LocalServer, Reply, always, cut, http, reset, serving

TIMEOUTS = Timeouts(connect_seconds=1, read_seconds=0.3, total_seconds=0.6, max_body_bytes=100_000)
AUTH = BearerAuth(SecretStr("the-secret-token"))
LIMITS = {"x-rate-limit-remaining": "7", "x-rate-limit-reset": "1790000900"}


def _get(url: str, path: str = "/2/tweets", timeouts: Timeouts = TIMEOUTS) -> RawAnswer:
    transport = HttpTransport(timeouts)
    try:
        return transport.get("tweets", url + path, {"ids": "1,2", "next_token": "a+b/c=&%25"}, AUTH)
    finally:
        transport.close()


def test_an_answer_comes_whole() -> None:
    """Status, headers in any case, and the body."""
    with serving(always(200, {"ok": 1}, LIMITS)) as server:
        answer = _get(server.url)

    assert (answer.status, answer.body) == (200, b'{"ok": 1}')
    assert answer.headers["X-Rate-Limit-Remaining"] == "7"


def test_a_request_carries_token_and_parameters_exactly() -> None:
    """What X gave as a token comes back to it byte by byte after decoding."""
    with serving(always(200, {})) as server:
        _get(server.url)

    line, *headers = server.requests[0].split("\r\n")
    assert line == "GET /2/tweets?ids=1%2C2&next_token=a%2Bb%2Fc%3D%26%2525 HTTP/1.1"
    assert "Authorization: Bearer the-secret-token" in headers


def test_a_compressed_body_is_unpacked() -> None:
    """X compresses; the bound counts what comes out."""
    packed = gzip.compress(b'{"a": "' + b"x" * 50_000 + b'"}')
    with serving(always(200, packed, {"Content-Encoding": "gzip"})) as server:
        assert len(_get(server.url).body) == 50_009


def _nothing(connection: socket.socket, head: str) -> None:
    cut(connection, b"")


def _noise(connection: socket.socket, head: str) -> None:
    cut(connection, b"\x16\x03\x01\x02\x00 this is not HTTP\r\n\r\n")


@pytest.mark.parametrize("reply", [lambda c, _: reset(c), _nothing, _noise], ids=["reset", "closed", "noise"])
def test_no_head_is_no_answer(reply: Reply) -> None:
    """Reset, closed or not even HTTP: nothing is known, and the call is made once only."""
    with serving(reply) as server:
        with pytest.raises(NoAnswer) as caught:
            _get(server.url)

        assert type(caught.value) is NoAnswer
        assert len(server.requests) == 1


def _refused() -> Iterator[str]:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    yield url


def _full() -> Iterator[str]:
    """A port whose queue is full: the kernel drops who knocks."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def _nameless() -> Iterator[str]:
    """A name that no resolver knows: its ending is reserved for that (RFC 6761)."""
    yield "http://nobody.invalid"


@pytest.mark.parametrize("nobody", [_refused, _full, _nameless])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_without_a_connection_nothing_was_sent(nobody: Callable[[], Iterator[str]], scheme: str) -> None:
    """No address, a port that refuses and one that keeps silent: what was asked for cannot have been billed."""
    with contextmanager(nobody)() as url, pytest.raises(NotSent):
        _get(url.replace("http", scheme), timeouts=replace(TIMEOUTS, connect_seconds=0.2))


def _cut_body(connection: socket.socket, head: str) -> None:
    cut(connection, http(200, b'{"data": [', LIMITS, length=500))


def _cut_chunk(connection: socket.socket, head: str) -> None:
    cut(
        connection,
        b'HTTP/1.1 200 OK\r\nx-rate-limit-remaining: 7\r\nTransfer-Encoding: chunked\r\n\r\n100\r\n{"data"',
    )


def _bad_gzip(connection: socket.socket, head: str) -> None:
    connection.sendall(http(200, b"not gzip at all", {**LIMITS, "Content-Encoding": "gzip"}))


def _too_large(connection: socket.socket, head: str) -> None:
    connection.sendall(http(200, b"x" * 200_000, LIMITS))


def _bomb(connection: socket.socket, head: str) -> None:
    connection.sendall(http(200, gzip.compress(b"x" * 5_000_000), {**LIMITS, "Content-Encoding": "gzip"}))


@pytest.mark.parametrize("reply", [_cut_body, _cut_chunk, _bad_gzip, _too_large, _bomb])
def test_a_broken_body_keeps_what_the_head_said(reply: Reply) -> None:
    """The body is of no use; the limits in the head still are."""
    with serving(reply) as server, pytest.raises(BrokenAnswer) as caught:
        _get(server.url)

    assert caught.value.status == 200
    assert caught.value.headers["x-rate-limit-remaining"] == "7"


def _silent(server: list[LocalServer], sent: bytes) -> Reply:
    def reply(connection: socket.socket, head: str) -> None:
        connection.sendall(sent)
        server[0].stopped.wait(10)

    return reply


@pytest.mark.parametrize(
    "sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"], ids=["no head", "half a body"]
)
def test_silence_ends_after_the_read_timeout(sent: bytes) -> None:
    """A server that stops sending is left."""
    holder: list[LocalServer] = []
    with serving(_silent(holder, sent)) as server:
        holder.append(server)
        started = time.monotonic()
        with pytest.raises(NoAnswer):
            _get(server.url)

    assert 0.25 < time.monotonic() - started < 2


def test_a_trickle_ends_after_the_total_time() -> None:
    """A byte now and then resets the read timeout for ever; the whole answer has a bound of its own."""
    holder: list[LocalServer] = []

    def trickle(connection: socket.socket, head: str) -> None:
        connection.sendall(http(200, b"", LIMITS, length=10_000))
        while not holder[0].stopped.wait(0.02):
            connection.sendall(b" ")

    with serving(trickle) as server:
        holder.append(server)
        started = time.monotonic()
        with pytest.raises(BrokenAnswer, match="longer than"):
            _get(server.url)

    assert 0.5 < time.monotonic() - started < 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    """The token goes nowhere but to the address it was meant for."""
    with serving(always(200, {"stolen": True})) as other:
        with serving(always(status, b"", {"Location": other.url + "/steal"})) as server:
            assert _get(server.url).status == status

        assert other.requests == []


def test_cookies_are_not_kept() -> None:
    """Threads share no state through X's cookies, and X cannot tie calls together by them."""
    transport = HttpTransport(TIMEOUTS)
    with serving(always(200, {}, {"Set-Cookie": "guest_id=1; Path=/"})) as server:
        for _ in range(2):
            transport.get("tweets", server.url, {}, AUTH)

    assert not any(line.lower().startswith("cookie") for head in server.requests for line in head.split("\r\n"))


def test_a_connection_is_used_again() -> None:
    """An answer that was read whole leaves its connection to the next call."""
    transport = HttpTransport(TIMEOUTS)
    with serving(always(200, {"a": "b" * 70_000})) as server:
        for _ in range(5):
            transport.get("tweets", server.url, {}, AUTH)

        assert server.connections == 1


def test_threads_share_the_pool_and_nothing_else() -> None:
    """Many threads at once each get the answer to their own request."""

    def echo(connection: socket.socket, head: str) -> None:
        connection.sendall(http(200, head.split(" ")[1].encode()))

    transport = HttpTransport(Timeouts(), pool_size=8)
    with serving(echo) as server, ThreadPoolExecutor(8) as threads:
        bodies = threads.map(lambda n: transport.get("tweets", f"{server.url}/{n}", {}, AUTH).body, range(200))

        assert list(bodies) == [f"/{n}".encode() for n in range(200)]
        assert server.connections <= 8


@pytest.mark.parametrize("reply", [_nothing, _cut_body], ids=["no head", "half a body"])
def test_no_error_shows_token_or_query(reply: Reply) -> None:
    """Neither a message, nor a cause, nor a local variable of any frame behind it prints what was sent."""
    with serving(reply) as server, pytest.raises(NoAnswer) as caught:
        _get(server.url)

    assert "ids" not in str(caught.value)
    error: BaseException | None = caught.value
    frames = 0
    while error is not None:
        assert "the-secret-token" not in repr(error)
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename == __file__:
                continue
            frames += 1
            assert "the-secret-token" not in repr(frame.f_locals)
        error = error.__cause__ or error.__context__
    assert frames
