"""Serving the metrics of this process over HTTP, for Prometheus to scrape."""

from __future__ import annotations

from prometheus_client import start_http_server

from shared.domain.errors import InputError
from shared.runtime import metrics
from shared.runtime.version import VERSION


def serve_metrics(host: str, port: int) -> int:
    """Serve `/metrics` on a thread of its own; port 0 picks a free one. Answers the port.

    Raises InputError when the port is taken.
    """
    metrics.BUILD.info({"version": VERSION})
    try:
        server, _thread = start_http_server(port, addr=host)
    except OSError as error:
        raise InputError(
            f"metrics port {port} on {host}: {error.strerror}; choose another with --metrics-port"
        ) from None
    return int(server.server_port)
