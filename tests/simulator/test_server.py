"""The process: readiness, readable failures, and a clean end."""

import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import requests

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


def test_a_stop_ends_waits_that_have_no_end(serve: Callable[..., Server]) -> None:
    """A client that waits for an answer that never comes is cut off when the simulator stops, without a 500."""
    server = serve("--accounts", "2", "--history-hours", "1")
    server.session.post(f"{server.url}/_sim/faults", json={"rules": [{"answer": {"kind": "no_answer"}}]}, timeout=5)

    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(server.get, "/2/tweets", ids=1)
        while server.truth("calls")["total"] == 0:
            pass
        status = stop_server(server)

    assert status == 0
    assert isinstance(waiting.exception(), requests.ConnectionError)


def test_refuses_a_bad_setting_by_name() -> None:
    """A setting out of range ends the command with status 2 and one line that names the value."""
    command = [sys.executable, "-m", "simulator", "--limit", "nowhere=5"]

    ended = subprocess.run(command, capture_output=True, text=True, timeout=20)

    assert ended.returncode == 2
    assert "nowhere" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
