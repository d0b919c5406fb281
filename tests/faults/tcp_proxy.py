"""A TCP proxy that holds back, cuts or resets what passes through it."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import Self

_CHUNK = 65_536


class TcpProxy:
    """Listens on a free loopback port and forwards to `port`. Requests go to the server, replies come from it."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._requests_flow, self._replies_flow = threading.Event(), threading.Event()
        self._refusing = False
        self._reply_bytes_before_reset: int | None = None
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.resets = 0
        self.held_back = 0
        self.restore()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._refusing = True
        self.restore()
        self._listener.close()
        self._reset_all()

    def restore(self) -> None:
        """Let everything pass; what was held back is delivered to connections that are still open."""
        self._refusing = False
        self._reply_bytes_before_reset = None
        self._requests_flow.set()
        self._replies_flow.set()

    def point_at(self, port: int) -> None:
        """Lead new connections to another server; those that are open stay where they are."""
        self._target = port

    def stall(self) -> None:
        """Hold back both directions."""
        self._requests_flow.clear()
        self._replies_flow.clear()

    def mute(self) -> None:
        """Let requests through and hold back the replies: the server does what nobody hears of."""
        self._replies_flow.clear()

    def deafen(self) -> None:
        """Hold back the requests only."""
        self._requests_flow.clear()

    def cut(self) -> None:
        """Reset all connections and refuse new ones."""
        self._refusing = True
        self._reset_all()

    def reset_within_reply(self, after_bytes: int) -> None:
        """Reset the next connection that gets a reply, after that many bytes of it."""
        self._reply_bytes_before_reset = after_bytes

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refusing:
                _reset(client)
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                _reset(client)
                continue
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._pairs.append((client, server))
            threading.Thread(target=self._pump, args=(client, server, self._requests_flow), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, self._replies_flow), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, flow: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                self.held_back += not flow.is_set()
                flow.wait()
                limit = self._reply_bytes_before_reset
                if limit is not None and flow is self._replies_flow:
                    self._reply_bytes_before_reset = None
                    self.resets += 1
                    sink.sendall(data[:limit])
                    _reset(sink)
                    _reset(source)
                    return
                sink.sendall(data)
        _close(source)
        _close(sink)

    def _reset_all(self) -> None:
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for side in pair:
                _reset(side)


def _reset(side: socket.socket) -> None:
    with contextlib.suppress(OSError):
        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    _close(side)


def _close(side: socket.socket) -> None:
    with contextlib.suppress(OSError):
        side.shutdown(socket.SHUT_RDWR)
    side.close()
