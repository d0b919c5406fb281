"""A raw HTTP server on the loopback that sends exactly the bytes a test asks for, however broken."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Reply = Callable[[socket.socket, str], None]


class LocalServer:
    """Answers every request on every connection with `reply(connection, request head)`."""

    def __init__(self, reply: Reply, tls: ssl.SSLContext | None = None) -> None:
        self.reply = reply
        self._tls = tls
        self.requests: list[str] = []
        self.connections = 0
        self.stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        """Close everything; replies that wait on `stopped` end."""
        self.stopped.set()
        for connection in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # closing alone wakes no thread that waits on it
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        buffered = b""
        if self._tls is not None:
            try:
                connection = self._tls.wrap_socket(connection, server_side=True)
            except OSError:
                return
            self._open.append(connection)
        while True:
            try:
                while b"\r\n\r\n" not in buffered:
                    piece = connection.recv(65_536)
                    if not piece:
                        return
                    buffered += piece
                head, buffered = buffered.split(b"\r\n\r\n", 1)
                self.requests.append(head.decode())
                self.reply(connection, head.decode())
            except OSError:
                return


@contextmanager
def serving(reply: Reply, tls: ssl.SSLContext | None = None) -> Iterator[LocalServer]:
    """A server until the block ends; it speaks TLS where it is given a context."""
    server = LocalServer(reply, tls)
    try:
        yield server
    finally:
        server.stop()


def http(
    status: int, body: bytes | object, headers: dict[str, str] | None = None, *, length: int | None = None
) -> bytes:
    """The bytes of an answer; `length` overrides the true Content-Length."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {"Content-Length": str(len(content) if length is None else length), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Reason\r\n{head}\r\n".encode() + content


def always(status: int, body: bytes | object, headers: dict[str, str] | None = None) -> Reply:
    """A reply that is the same for every request."""
    return lambda connection, head: connection.sendall(http(status, body, headers))


def reset(connection: socket.socket) -> None:
    """Close with a TCP reset instead of an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def cut(connection: socket.socket, data: bytes) -> None:
    """Send the bytes and end the connection."""
    connection.sendall(data)
    connection.shutdown(socket.SHUT_RDWR)


def post(post_id: int, **more: Any) -> dict[str, Any]:
    """A post as X sends it in the old dialect."""
    return {
        "id": str(post_id),
        "text": f"post {post_id}",
        "created_at": "2026-11-01T12:00:00.000Z",
        "author_id": "7",
        "public_metrics": {"retweet_count": 1, "reply_count": 2, "like_count": 3, "quote_count": 4},
        **more,
    }


def page(*posts: dict[str, Any], **meta: Any) -> dict[str, Any]:
    """A page of a search."""
    return (
        {"data": list(posts), "meta": {"result_count": len(posts), **meta}} if posts else {"meta": {"result_count": 0}}
    )
