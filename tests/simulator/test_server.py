"""The process: readiness, readable failures, and a clean end."""

import subprocess
import sys
import time
from collections.abc import Callable

from tests.simulator.conftest import Server, stop_server


def test_announces_its_url_and_ends_cleanly_on_sigterm(serve: Callable[..., Server]) -> None:
    """A started simulator answers under the URL it printed, and SIGTERM ends it with 0 at once."""
    server = serve("--accounts", "3", "--history-hours", "12")

    health = server.truth("health")
    began = time.monotonic()
    status = stop_server(server)

    assert health["status"] == "ok"
    assert status == 0
    assert time.monotonic() - began < 3


def test_refuses_a_bad_setting_by_name() -> None:
    """A setting out of range ends the command with status 2 and one line that names the value."""
    command = [sys.executable, "-m", "simulator", "--limit", "nowhere=5"]

    ended = subprocess.run(command, capture_output=True, text=True, timeout=20)

    assert ended.returncode == 2
    assert "nowhere" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
