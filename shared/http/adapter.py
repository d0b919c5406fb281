"""What `requests` sends through: pooled connections that keep to their exchange.

Owns where the time of an exchange is enforced, on every wait for the socket (connect, TLS, a proxy, head and body of
the answer), and where its request counts as sent: at the first byte that the socket took. It never retries, and reads
neither the environment nor `.netrc`. The look-up of a name is the resolver's own wait and is not cut short.
Where only public addresses may be connected to, each address that a name resolves to is checked, and what is connected
to is an address that was checked: nothing looks the name up again in between.
Invariant: no wait outlasts the exchange, however slowly or endlessly the other side sends.
"""

from __future__ import annotations

import math
import socket
import ssl
from functools import cache
from pathlib import Path
from typing import Any

from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.connection import create_connection
from urllib3.util.ssl_ import create_urllib3_context

from shared.domain.addresses import is_public
from shared.http.exchange import Deadline, current_exchange


class BoundedAdapter(HTTPAdapter):
    """A pool of connections, safe for threads.

    ca_file: the authorities that are trusted, in PEM, instead of the public ones. Raises OSError where it cannot be
    read or holds no certificate. public_only: private addresses, this machine and what else is not the open internet
    are refused, as a connection that could not be made; `Exchange.is_refused` tells it from others.
    """

    def __init__(self, *, pool_size: int = 10, ca_file: Path | None = None, public_only: bool = False) -> None:
        self._pools = _PUBLIC_POOLS if public_only else _POOLS
        self._tls = _trust_in(ca_file) if ca_file else _trust_in_public_authorities()
        super().__init__(pool_maxsize=pool_size, max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make the pools of direct connections."""
        super().init_poolmanager(*arguments, ssl_context=self._tls, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Make the pools of connections through a proxy, which is trusted as X is."""
        manager = super().proxy_manager_for(proxy, ssl_context=self._tls, proxy_ssl_context=self._tls, **options)
        manager.pool_classes_by_scheme = self._pools
        return manager

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing: the context knows whom to trust, and must not learn the public authorities beside `ca_file`."""


class _BoundedSocket(socket.socket):
    """A socket whose every wait ends with the exchange of its thread at the latest."""

    _wait_seconds: float | None = None

    def settimeout(self, value: float | None) -> None:
        self._wait_seconds = value
        super().settimeout(value)

    def recv(self, bufsize: int = 16_384, flags: int = 0) -> bytes:
        self._bound()
        return super().recv(bufsize, flags)

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        self._bound()
        return super().recv_into(buffer, nbytes or 0, flags)

    def send(self, data: Any, flags: int = 0) -> int:
        self._bound()
        return super().send(data, flags)

    def _bound(self) -> None:
        current = current_exchange()
        super().settimeout(current.within(self._wait_seconds))
        current.waits_on = self


class _BoundedTlsSocket(_BoundedSocket, ssl.SSLSocket):
    """The same with TLS; its handshake is one wait."""

    def do_handshake(self, block: bool = False) -> None:
        self._bound()
        super().do_handshake(block)


class _BoundedConnection(HTTPConnection):
    """A connection that notes when a request begins to leave."""

    _is_open = False

    def connect(self) -> None:
        self._is_open = False
        super().connect()
        self._is_open = True

    def send(self, data: Any) -> None:
        """Write a part of the request, or what asks a proxy for the way, before the connection is open."""
        if self.sock is None:
            self.connect()
        rest = memoryview(data)
        while rest:
            rest = rest[self.sock.send(rest) :]
            current_exchange().is_sent |= self._is_open

    def _new_conn(self) -> socket.socket:
        """Connect. The addresses of a name share the time that `urllib3` would give to each of them."""
        connecting = Deadline(current_exchange().within(self.timeout))
        resolved = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        found = [one for one in resolved if self._may_reach(str(one[4][0]))]
        if resolved and not found:
            current_exchange().is_refused = True
            raise OSError(f"{self.host} has no address that may be connected to")
        for others, (*_, address) in zip(range(len(found))[::-1], found, strict=True):
            try:
                return self._connected(str(address[0]), connecting.within(None) / (1 + others))
            except OSError:
                if not others:
                    raise
        raise OSError(f"{self.host} has no address")

    def _may_reach(self, address: str) -> bool:
        return True

    def _connected(self, address: str, seconds: float) -> socket.socket:
        plain = create_connection((address, self.port), seconds, socket_options=self.socket_options)
        bounded = _BoundedSocket(fileno=plain.detach())
        bounded.settimeout(self.timeout)
        return bounded


class _BoundedTlsConnection(_BoundedConnection, HTTPSConnection):
    """The same with TLS; notes when the certificate of the other side ends."""

    def connect(self) -> None:
        super().connect()
        told = self.sock.getpeercert() if isinstance(self.sock, ssl.SSLSocket) else None
        if told:
            _certificate_ends[self.host] = ssl.cert_time_to_seconds(str(told["notAfter"]))


class _PublicConnection(_BoundedConnection):
    """A connection to the open internet, or none."""

    def _may_reach(self, address: str) -> bool:
        return is_public(address)


class _PublicTlsConnection(_PublicConnection, _BoundedTlsConnection):
    """The same with TLS."""


_certificate_ends: dict[str, float] = {}


def certificate_end_of(host: str) -> float:
    """When the certificate that a host showed last ends, in seconds since the epoch; infinity where none was seen."""
    return _certificate_ends.get(host, math.inf)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _BoundedConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _BoundedTlsConnection


class _PublicPool(HTTPConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicTlsPool(HTTPSConnectionPool):
    ConnectionCls = _PublicTlsConnection


def _trust_in(ca_file: Path | str) -> ssl.SSLContext:
    """What TLS is spoken with. Raises OSError for a file that cannot be read or holds no certificate."""
    context = create_urllib3_context()
    context.sslsocket_class = _BoundedTlsSocket
    context.load_verify_locations(ca_file)
    return context


@cache
def _trust_in_public_authorities() -> ssl.SSLContext:
    """The same for all adapters of a process: to read the public authorities takes 25 ms."""
    return _trust_in(DEFAULT_CA_BUNDLE_PATH)


_POOLS = {"http": _Pool, "https": _TlsPool}
_PUBLIC_POOLS = {"http": _PublicPool, "https": _PublicTlsPool}
