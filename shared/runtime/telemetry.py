"""What a process serves over HTTP: its metrics, whether it lives, and whether it can do its work.

/metrics  for Prometheus
/health   200 while the process gets on, 503 when it is stuck: who starts it again looks here
/ready    200 while it can do its work, 503 with the reasons, a line each, when it cannot
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from shared.domain.errors import InputError
from shared.runtime import metrics
from shared.runtime.version import VERSION

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

Reasons = Callable[[], list[str]]


def _none() -> list[str]:
    return []


@dataclass(frozen=True, slots=True)
class Health:
    """stuck: why the process does not get on. unready: why it cannot do its work. No reason: all is well."""

    stuck: Reasons = _none
    unready: Reasons = _none


class _Server(ThreadingMixIn, WSGIServer):
    """A question that takes its time keeps no other waiting."""

    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    """Writes no line for each question."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def serve(host: str, port: int, health: Health = Health()) -> int:
    """Serve the three on a thread of its own; port 0 picks a free one. Answers the port.

    Raises InputError when the port is taken.
    """
    metrics.BUILD.info({"version": VERSION})
    try:
        server = make_server(host, port, _app(health), _Server, handler_class=_Quiet)
    except OSError as error:
        raise InputError(
            f"metrics port {port} on {host}: {error.strerror}; choose another with --metrics-port"
        ) from None
    threading.Thread(target=server.serve_forever, name="telemetry", daemon=True).start()
    return int(server.server_port)


def _app(health: Health) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    of_metrics: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]] = make_wsgi_app()
    looks = {"/health": health.stuck, "/ready": health.unready}

    def answer(environment: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environment["PATH_INFO"]
        if path == "/metrics":
            return of_metrics(environment, start)
        look = looks.get(path)
        if look is None:
            return _text(start, "404 Not Found", ["/metrics, /health and /ready are here"])
        reasons = look()
        return _text(start, "503 Service Unavailable" if reasons else "200 OK", reasons or ["ok"])

    return answer


def _text(start: StartResponse, status: str, lines: list[str]) -> list[bytes]:
    body = "".join(f"{line}\n" for line in lines).encode()
    start(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]
