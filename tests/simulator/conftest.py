"""A simulator as a real process on a free loopback port, and one in this process with a clock to turn."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from simulator.api import Api
from simulator.config import Config

START_MS = 1_790_000_000_000


@dataclass
class TurnedClock:
    """A clock that stands still until a test turns it."""

    now_ms: int = START_MS

    def __call__(self) -> int:
        """Return the time it was turned to."""
        return self.now_ms

    def turn(self, seconds: float) -> None:
        """Move time on."""
        self.now_ms += round(seconds * 1000)


@dataclass
class Server:
    """A running simulator and a session that carries its token."""

    url: str
    process: subprocess.Popen[str]
    session: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, token: str | None = "sim-test", **params: Any) -> requests.Response:
        """Ask `path`; keyword names may use `__` for the dot of `tweet.fields`."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        query = {name.replace("__", "."): str(value) for name, value in params.items()}
        return self.session.get(self.url + path, params=query, headers=headers, timeout=10)

    def truth(self, path: str, **params: Any) -> dict[str, Any]:
        """Read `/_sim/...`."""
        answer = self.get(f"/_sim/{path}", None, **params)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body


def start_server(*options: str) -> Server:
    """Start `python -m simulator` on a free port and wait for the line that says it is ready."""
    command = [sys.executable, "-m", "simulator", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"the simulator ended with {process.wait()} before it was ready"
    return Server(json.loads(line)["url"], process)


def stop_server(server: Server) -> int:
    """End a server as an operator does; return its exit status."""
    server.process.terminate()
    status = server.process.wait(timeout=10)
    server.session.close()
    assert server.process.stdout is not None
    server.process.stdout.close()
    return status


@pytest.fixture(scope="session")
def busy_server() -> Iterator[Server]:
    """A busy simulator with a wide limit and a search lag of one second."""
    limits = [f"--limit={name}=100000" for name in ("search/recent", "quote_tweets", "users", "tweets")]
    world = ["--accounts", "20", "--activity", "200", "--history-hours", "30", "--search-lag-seconds", "1"]
    server = start_server(*world, *limits)
    yield server
    stop_server(server)


@pytest.fixture(scope="session")
def small_server() -> Iterator[Server]:
    """A small simulator an hour ahead, with credentials of its own; tests use tokens of their own on it."""
    keys = ["--client", "mine:hush", "--client", "open", "--oauth1-key", "ck:cs:42-t:ts", "--token", "very-secret"]
    time = ["--history-hours", "3", "--window-seconds", "600", "--time-offset-seconds", "3600"]
    server = start_server("--accounts", "3", *time, *keys)
    yield server
    stop_server(server)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start simulators with options of the test's own; all are stopped at its end."""
    running: list[Server] = []

    def start(*options: str) -> Server:
        running.append(start_server(*options))
        return running[-1]

    yield start
    for server in running:
        if server.process.poll() is None:
            stop_server(server)


@pytest.fixture
def clock() -> TurnedClock:
    """A clock at the start of the world."""
    return TurnedClock()


@pytest.fixture
def api(clock: TurnedClock) -> Api:
    """A simulator without HTTP, whose time only a test moves."""
    return Api(Config(accounts=8, activity=8, history_hours=24), clock)


@pytest.fixture(scope="session")
def still_api() -> Api:
    """The same simulator, shared by the tests that only read and never move time."""
    return Api(Config(accounts=8, activity=8, history_hours=24), TurnedClock())
