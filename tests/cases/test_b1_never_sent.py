"""A request of which no byte was written bought nothing, whatever kept it; one that was written may have."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import redis
from pydantic import SecretStr
from requests import PreparedRequest
from requests.auth import AuthBase

from shared.domain.errors import NoAnswer, NotSent
from shared.domain.models import CredentialKind, WorkClass
from shared.domain.money.budgets import Budgets
from shared.platforms.route import Route
from shared.platforms.transport import HttpTransport, Timeouts
from shared.platforms.x.auth import BearerAuth, Credential
from shared.platforms.x.client import XClient
from shared.platforms.x.gateway import FixedCredentials, XGateway
from shared.ratelimit.limiter import Limiter
from shared.ratelimit.model import Window
from tests.cases.hosts import certificate, drip, proxying, raw_host, until_hung_up
from tests.shared.platforms.x.local_server import Reply, always, page, post, reset, serving

TIMEOUTS = Timeouts(connect_seconds=0.4, read_seconds=0.4, total_seconds=1.5)
AUTH = BearerAuth(SecretStr("the-secret-token"))
ENDED = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
# The head of a TLS record that never comes to its end.
RECORD = b"\x16\x03\x03\x40\x00"
Way = tuple[str, Route]


@contextmanager
def _raw(behave: Callable[[socket.socket], object]) -> Iterator[Way]:
    with raw_host(lambda connection: behave(connection) and None) as host:
        yield f"https://127.0.0.1:{host.port}", Route()


@contextmanager
def _shown(folder: Path, *, address: str = "127.0.0.1", days: int = 1, is_trusted: bool = False) -> Iterator[Way]:
    file, context = certificate(folder, address, days=days)
    with serving(always(200, {}), context) as server:
        yield server.url, Route(ca_file=file) if is_trusted else Route()
        assert server.requests == []


@contextmanager
def _proxied(refusal: bytes) -> Iterator[Way]:
    with proxying(refusal) as proxy:
        yield "https://api.x.invalid", Route(proxy=SecretStr(f"http://name:s3cret@127.0.0.1:{proxy.port}"))
        assert len(proxy.heads) == 1


@contextmanager
def _through(behave: Callable[[socket.socket], object]) -> Iterator[Way]:
    with raw_host(lambda connection: behave(connection) and None) as host:
        yield "https://api.x.invalid", Route(proxy=SecretStr(f"http://127.0.0.1:{host.port}"))


@contextmanager
def _proxy_of_tls(folder: Path) -> Iterator[Way]:
    _, context = certificate(folder)
    with proxying(tls=context) as proxy:
        yield "https://api.x.invalid", Route(proxy=SecretStr(f"https://127.0.0.1:{proxy.port}"))
        assert proxy.heads == []


def _hello_then(behave: Callable[[socket.socket], object]) -> Callable[[socket.socket], object]:
    """Take what the client begins with, then behave."""

    def treat(connection: socket.socket) -> None:
        connection.recv(1)
        behave(connection)

    return treat


UNSENT: dict[str, Callable[[Path], AbstractContextManager[Way]]] = {
    "certificate that signs itself": _shown,
    "certificate of another host": lambda folder: _shown(folder, address="127.0.0.2", is_trusted=True),
    "certificate that has ended": lambda folder: _shown(folder, days=-1, is_trusted=True),
    "reset in the handshake": lambda _: _raw(_hello_then(reset)),
    "end in the handshake": lambda _: _raw(_hello_then(lambda c: c.shutdown(socket.SHUT_RDWR))),
    "no TLS at all": lambda _: _raw(_hello_then(lambda c: c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))),
    "alert in the handshake": lambda _: _raw(_hello_then(lambda c: c.sendall(b"\x15\x03\x03\x00\x02\x02\x28"))),
    "silence in the handshake": lambda _: _raw(until_hung_up),
    "dripping handshake": lambda _: _raw(lambda c: drip(c, RECORD)),
    "proxy asks for a login": lambda _: _proxied(ENDED),
    "proxy forbids": lambda _: _proxied(b"HTTP/1.1 403 Forbidden\r\n\r\n"),
    "proxy has no way": lambda _: _proxied(b"HTTP/1.1 502 Bad Gateway\r\n\r\n"),
    "proxy says nothing": lambda _: _through(until_hung_up),
    "proxy resets": lambda _: _through(_hello_then(reset)),
    "proxy ends": lambda _: _through(_hello_then(lambda c: c.shutdown(socket.SHUT_RDWR))),
    "proxy drips": lambda _: _through(_hello_then(lambda c: drip(c, b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"))),
    "proxy speaks no HTTP": lambda _: _through(_hello_then(lambda c: c.sendall(b"\x16\x03\r\n\r\n"))),
    "proxy whose certificate is not trusted": _proxy_of_tls,
}


def _ask(way: Way, auth: AuthBase = AUTH, timeouts: Timeouts = TIMEOUTS) -> None:
    url, route = way
    transport = HttpTransport(timeouts, route=route)
    try:
        transport.get("tweets", url, {"ids": "1"}, auth)
    finally:
        transport.close()


@pytest.mark.parametrize("kind", UNSENT)
def test_what_fails_before_the_request_is_written_was_not_sent(kind: str, tmp_path: Path) -> None:
    """NotSent, within the time that was allowed, and no word of a password or of what was asked."""
    with UNSENT[kind](tmp_path) as way:
        started = time.monotonic()
        with pytest.raises(NotSent) as caught:
            _ask(way)
        took = time.monotonic() - started

    assert took < TIMEOUTS.total_seconds + 2
    assert "s3cret" not in str(caught.value)
    assert "ids" not in str(caught.value)


class _BadHeader(AuthBase):
    """Puts on a request what no header can hold."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Spoil the request."""
        request.headers["Authorization"] = self._value
        return request


@pytest.mark.parametrize("value", ["Bearer a\r\nX-Other: b", "Bearer \u20ac", "a\nb"])
def test_a_header_that_cannot_be_written_was_not_sent(value: str) -> None:
    """The connection came about, and nothing went over it."""
    with serving(always(200, {})) as server:
        with pytest.raises(NotSent, match="cannot be written"):
            _ask((server.url, Route()), _BadHeader(value))

        assert server.requests == []


def _end(connection: socket.socket, head: str) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def _keep_silent(connection: socket.socket, head: str) -> None:
    until_hung_up(connection)


def _speak_noise(connection: socket.socket, head: str) -> None:
    connection.sendall(b"\x00\x01 noise\r\n\r\n")


AFTER: dict[str, Reply] = {
    "reset": lambda connection, head: reset(connection),
    "end": _end,
    "silence": _keep_silent,
    "noise": _speak_noise,
}


@pytest.mark.parametrize("kind", AFTER)
@pytest.mark.parametrize("is_tls", [False, True], ids=["http", "https"])
def test_what_fails_after_the_request_was_written_may_have_been_billed(kind: str, is_tls: bool, tmp_path: Path) -> None:
    """NoAnswer and not NotSent, also over TLS: X has read what was asked for."""
    file, context = certificate(tmp_path)
    with serving(AFTER[kind], context if is_tls else None) as server:
        with pytest.raises(NoAnswer) as caught:
            _ask((server.url, Route(ca_file=file)))

        assert type(caught.value) is NoAnswer
        assert len(server.requests) == 1


def test_a_request_into_a_used_connection_that_is_reset_was_sent() -> None:
    """The first call left its connection open; the second one was written into it before X broke it off."""

    def once(connection: socket.socket, head: str) -> None:
        if len(server.requests) > 1:
            return reset(connection)
        always(200, {})(connection, head)

    transport = HttpTransport(TIMEOUTS)
    with serving(once) as server:
        transport.get("tweets", server.url, {}, AUTH)
        with pytest.raises(NoAnswer) as caught:
            transport.get("tweets", server.url, {}, AUTH)

    assert server.connections == 1
    assert type(caught.value) is NoAnswer


def test_a_used_connection_that_x_has_closed_is_not_written_into() -> None:
    """The next call connects anew; where it cannot, it was not sent."""

    closed = threading.Semaphore(0)

    def last(connection: socket.socket, head: str) -> None:
        always(200, {})(connection, head)
        connection.shutdown(socket.SHUT_RDWR)
        closed.release()

    transport = HttpTransport(TIMEOUTS)
    with serving(last) as server:
        for _ in range(3):
            transport.get("tweets", server.url, {}, AUTH)
            assert closed.acquire(timeout=5)
        assert server.connections == 3
    with pytest.raises(NotSent):
        transport.get("tweets", server.url, {}, AUTH)


def test_each_thread_is_told_of_its_own_request(tmp_path: Path) -> None:
    """One transport, some requests that cannot leave and some that break off after they left."""
    with _shown(tmp_path) as (untrusted, _), serving(AFTER["reset"]) as breaking:
        transport = HttpTransport(TIMEOUTS, pool_size=4)

        def ask(number: int) -> type[BaseException]:
            try:
                transport.get("tweets", untrusted if number % 2 else breaking.url, {}, AUTH)
            except NoAnswer as error:
                return type(error)
            raise AssertionError

        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(ask, range(60)))

    assert found == [NoAnswer, NotSent] * 30


def test_tries_that_were_not_sent_leave_the_budget_as_it_was(redis_client: redis.Redis, tmp_path: Path) -> None:
    """Four tries at a certificate that is not trusted cost nothing, and after the repair the day's money is there."""
    file, context = certificate(tmp_path)
    limiter = Limiter(redis_client, budgets=Budgets(day_usd=1.0))
    source = FixedCredentials([Credential("app", CredentialKind.BEARER, AUTH)])

    with serving(always(200, page(post(5))), context) as server:
        broken = XGateway(XClient(server.url, timeouts=TIMEOUTS), limiter, source)
        for _ in range(4):
            with pytest.raises(NotSent):
                broken.search(WorkClass.SEARCH, query="a")
        [day] = [one for one in limiter.state().budgets if one.window is Window.DAY_MONEY]
        repaired = XClient(server.url, timeouts=TIMEOUTS, route=Route(ca_file=file))
        found = XGateway(repaired, limiter, source).search(WorkClass.SEARCH, query="a")

    assert day.used == 0
    assert [one.id for one in found.posts] == [5]


def test_the_addresses_of_a_name_share_the_time_to_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with an address that keeps silent first: the next one is reached within the time of one."""
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.2", 0), backlog=0))
        port = full.getsockname()[1]
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.2", port))
        real = socket.getaddrinfo

        def resolve(host: str, *arguments: object, **named: object) -> list[object]:
            names = ["127.0.0.2", "127.0.0.3"] if host == "two.example" else [host]
            return [found for name in names for found in real(name, *arguments, **named)]  # type: ignore[arg-type]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        started = time.monotonic()
        with pytest.raises(NotSent, match="Refused"):
            _ask((f"http://two.example:{port}", Route()), timeouts=Timeouts(connect_seconds=4))

    assert 1.9 < time.monotonic() - started < 4
