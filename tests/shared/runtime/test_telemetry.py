"""Serving the metrics of a process."""

from __future__ import annotations

import socket

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from shared.domain.errors import InputError
from shared.runtime.telemetry import Health, serve
from shared.runtime.version import VERSION


def test_metrics_are_served_on_a_free_port() -> None:
    """Port 0 picks one; the page can be parsed and names the version."""
    port = serve("127.0.0.1", 0)

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
            serve("127.0.0.1", port)


def test_life_and_readiness_are_told_apart() -> None:
    """200 while there is no reason against it, 503 with each reason on a line; anything else is not there."""
    reasons: list[str] = []
    port = serve("127.0.0.1", 0, Health(unready=lambda: reasons))

    def ask(path: str) -> tuple[int, str]:
        answer = requests.get(f"http://127.0.0.1:{port}{path}", timeout=5)
        return answer.status_code, answer.text

    assert ask("/health") == ask("/ready") == (200, "ok\n")
    reasons += ["Redis cannot be reached", "no credential"]
    assert ask("/health") == (200, "ok\n")
    assert ask("/ready") == (503, "Redis cannot be reached\nno credential\n")
    assert ask("/other")[0] == 404
