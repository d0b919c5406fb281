"""Hosts that fail before they speak HTTP: raw sockets, certificates made on the spot, and a proxy."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import itertools
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Behaviour = Callable[[socket.socket], None]


class RawHost:
    """Treats every connection as it is told, each on a thread of its own."""

    def __init__(self, behave: Behaviour) -> None:
        self._behave = behave
        self.stopped = threading.Event()
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        """Close everything, also under threads that wait."""
        self.stopped.set()
        for one in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._open.append(connection)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._treat, args=(connection,), daemon=True).start()

    def _treat(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._behave(connection)


@contextmanager
def raw_host(behave: Behaviour) -> Iterator[RawHost]:
    """A host until the block ends."""
    host = RawHost(behave)
    try:
        yield host
    finally:
        host.stop()


def until_hung_up(connection: socket.socket) -> None:
    """Read and say nothing, until the other side goes."""
    while connection.recv(65_536):
        pass


def drip(connection: socket.socket, data: bytes, rest: bytes = b" ") -> None:
    """Send `data` at once, then `rest` over and over a byte at a time, until the other side goes."""
    connection.settimeout(0.02)
    connection.sendall(data)
    for byte in itertools.cycle(rest):
        with contextlib.suppress(TimeoutError):
            if not connection.recv(65_536):
                return
        connection.sendall(bytes([byte]))


def certificate(folder: Path, address: str = "127.0.0.1", *, days: int = 1) -> tuple[Path, ssl.SSLContext]:
    """A certificate that signs itself, as a file to trust, and the context of a server that shows it.

    days: until it ends; negative: ago.
    """
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    begins, ends = now - datetime.timedelta(days=9), now + datetime.timedelta(days=days)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), begins, ends)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret, file = folder / "key.pem", folder / "certificate.pem"
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, secret)
    return file, context


class Proxy(RawHost):
    """A proxy that opens tunnels, or answers every CONNECT with `refusal`; keeps the heads it was sent.

    tls: speak TLS to the client, as a proxy with an https address does.
    """

    def __init__(self, refusal: bytes = b"", tls: ssl.SSLContext | None = None) -> None:
        self.heads: list[str] = []
        self._refusal = refusal
        self._tls = tls
        super().__init__(self._serve)

    def _serve(self, client: socket.socket) -> None:
        if self._tls is not None:
            client = self._tls.wrap_socket(client, server_side=True)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1)
        self.heads.append(head.decode())
        if self._refusal:
            return client.sendall(self._refusal)
        host, _, port = head.split()[1].decode().rpartition(":")
        with socket.create_connection((host, int(port))) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            threading.Thread(target=_pump, args=(server, client), daemon=True).start()
            _pump(client, server)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)


@contextmanager
def proxying(refusal: bytes = b"", tls: ssl.SSLContext | None = None) -> Iterator[Proxy]:
    """A proxy until the block ends."""
    proxy = Proxy(refusal, tls)
    try:
        yield proxy
    finally:
        proxy.stop()
