"""The control process, as a process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import requests

from control import tokens
from control.trail import at_terminal
from shared.domain.access import Scope
from shared.runtime.settings import child_environment
from shared.services.bootstrap import Services
from tests.control.conftest import servers_of
from tests.workers.world import eventually


def start(services: Services, *options: str, **environment: str) -> subprocess.Popen[str]:
    """`python -m control.http` on the servers of the test."""
    return subprocess.Popen(
        [sys.executable, "-m", "control.http", *options],
        env=child_environment(**servers_of(services), **environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_it_answers_is_seen_by_the_flock_and_ends_on_a_signal(services: Services) -> None:
    """It says where it listens, shows up among the processes, and ends with status 0."""
    process = start(services, "--port", "0")
    try:
        assert process.stdout is not None
        url = next(one["url"] for line in process.stdout if "url" in (one := json.loads(line)))
        made = tokens.create(
            services, at_terminal(), name="t", tenant="default", scopes=frozenset({Scope.READ}), days=None
        )
        headers = {"Authorization": f"Bearer {made.text}"}
        assert requests.get(f"{url}/v1/me", headers=headers, timeout=10).json()["name"] == "t"
        assert url.startswith("http://127.0.0.1:")
        eventually(lambda: [one.kind for one in services.stores.processes.all()] == ["control"])
    finally:
        process.send_signal(signal.SIGTERM)
        output = process.communicate(timeout=15)[0]
    assert process.returncode == 0, output
    assert made.text not in output
    assert not services.stores.processes.all()


def test_a_port_that_is_taken_is_one_line(services: Services) -> None:
    """What is wrong and what to do, and status 2."""
    process = start(services, "--host", "256.0.0.1", "--port", "0")
    assert process.wait(20) == 2
    assert process.stdout is not None
    last = process.stdout.read().strip().splitlines()[-1]
    assert last.startswith("covey control: ")
