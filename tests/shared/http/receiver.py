"""Somebody who takes webhooks: a real HTTP server, which checks signatures by the words of the convention."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
HUSH = "T0HUSHB0"  # a path that is a password


class Taken(NamedTuple):
    """One webhook as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> dict[str, Any]:
        """What it says."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    def is_signed(self, key: bytes = KEY) -> bool:
        """Whether a key has signed it, and no other one."""
        return self.signatures() == [self.signature_by(key)]

    def signatures(self) -> list[str]:
        """What it was signed with."""
        return self.headers["webhook-signature"].split(" ")

    def signature_by(self, key: bytes) -> str:
        """Standard Webhooks: v1 is base64 of HMAC-SHA256 over `id.timestamp.body`."""
        told = b".".join((self.headers["webhook-id"].encode(), self.headers["webhook-timestamp"].encode(), self.body))
        return f"v1,{base64.b64encode(hmac.new(key, told, hashlib.sha256).digest()).decode()}"


Answer = Callable[[Taken], int]
"""A webhook to the status of its answer; 0 ends the connection without one."""


class Receiver:
    """Keeps what it takes, and answers as the test says."""

    def __init__(self) -> None:
        self.answer: Answer = lambda taken: 204
        self.taken: list[Taken] = []
        self.location: str | None = None
        self.retry_after: str | None = None
        self.end = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/{HUSH}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        """Answer nobody any more."""
        self.end.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                """Take one."""
                body = self.rfile.read(int(self.headers["content-length"]))
                taken = Taken(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                receiver.taken.append(taken)
                status = receiver.answer(taken)
                if status:
                    self.send_response(status)
                    if receiver.location:
                        self.send_header("location", receiver.location)
                    if receiver.retry_after:
                        self.send_header("retry-after", receiver.retry_after)
                    self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that runs."""
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.stop()
