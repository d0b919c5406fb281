"""A media host: a real HTTP server that serves files, and every fault a test asks for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from shared.media.fetch import MediaFetcher

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40
MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(range(255, -1, -1)) * 1200


@dataclass
class Answer:
    """What the host answers. `length` overrides the announced length; None announces none and closes at the end."""

    body: bytes = JPEG
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | str | None = -1
    hold: threading.Event | None = None  # sends half of the body, then waits for it before the rest


class MediaHost(ThreadingHTTPServer):
    """Serves `answers` by path and keeps what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Files)
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.half_sent = threading.Event()

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.server_port}"

    def serve(self, path: str, answer: Answer) -> str:
        """Serve the answer under the path; its address."""
        self.answers[path] = answer
        return self.origin + path


class _Files(BaseHTTPRequestHandler):
    server: MediaHost

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        answer = self.server.answers[self.path]
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.length is not None:
            self.send_header("Content-Length", str(len(answer.body) if answer.length == -1 else answer.length))
        self.end_headers()
        half = len(answer.body) // 2
        with suppress(ConnectionError):  # who has seen enough hangs up
            self.wfile.write(answer.body[:half])
            if answer.hold is not None:
                self.wfile.flush()
                self.server.half_sent.set()
                answer.hold.wait(10)
            self.wfile.write(answer.body[half:])

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def host() -> Iterator[MediaHost]:
    """A media host of its own for each test."""
    server = MediaHost()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The media folder, not made yet."""
    return tmp_path / "media"


@pytest.fixture
def fetcher(host: MediaHost, root: Path) -> Callable[..., MediaFetcher]:
    """Makes fetchers that may read from the host."""

    def make(**options: object) -> MediaFetcher:
        given = {"hosts": [host.origin], "max_bytes": 1_000_000, "read_timeout_seconds": 2.0}
        return MediaFetcher(root, **(given | options))  # type: ignore[arg-type]

    return make
