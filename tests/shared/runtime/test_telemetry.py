"""Serving the metrics of a process."""

from __future__ import annotations

import socket

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from shared.domain.errors import InputError
from shared.runtime.telemetry import serve_metrics
from shared.runtime.version import VERSION


def test_metrics_are_served_on_a_free_port() -> None:
    """Port 0 picks one; the page can be parsed and names the version."""
    port = serve_metrics("127.0.0.1", 0)

    answer = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5)

    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert families["covey_build_info"].samples[0].labels == {"version": VERSION}
    assert "covey_jobs" in families


def test_a_port_that_is_taken_is_one_clear_error() -> None:
    """It names the port, the host and the way out."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(InputError, match=rf"metrics port {port} on 127\.0\.0\.1.*--metrics-port"):
            serve_metrics("127.0.0.1", port)
