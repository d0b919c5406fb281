"""The servers that `covey up` runs are started again like every other child, or it ends with one clear line."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pymongo
import pytest
import redis

from tests.workers.world import Simulator, eventually

ROOT = str(Path(__file__).parents[2])
NAMES = {"redis": ("redis-server", "valkey-server"), "mongod": ("mongod",)}


class Up:
    """`covey up` with servers of its own."""

    def __init__(self, folder: Path, x_url: str) -> None:
        self.folder = folder
        environment = {
            **{"PYTHONPATH": ROOT, "PATH": os.environ["PATH"], "HOME": str(folder), "COVEY_DATA_DIR": str(folder)},
            **{"X_BEARER_TOKEN": "sim-test", "COVEY_X_BASE_URL": x_url, "COVEY_ENV_FILE": ""},
            **{"COVEY_WORKER_METRICS_PORT": "0", "COVEY_SCHEDULER_METRICS_PORT": "0"},
            **{"COVEY_SHUTDOWN_GRACE_SECONDS": "2"},
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "control.cli", "up", "--workers", "1"],
            env=environment,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._queue: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        eventually(lambda: self.said("Covey runs"), 18)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(line)

    def said(self, words: str) -> bool:
        """Whether a line of the output has these words."""
        while not self._queue.empty():
            self.lines.append(self._queue.get())
        return any(words in line for line in self.lines)

    def server(self, name: str) -> int:
        """The process id of a server of it; fails where there is none."""
        found = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if self._is(pid, NAMES[name])]
        assert len(found) == 1, found
        return found[0]

    def _is(self, pid: int, names: tuple[str, ...]) -> bool:
        try:
            comm, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
        except OSError:
            return False
        state, parent = rest.split()[:2]
        return comm in names and int(parent) == self.process.pid and state != "Z"

    def kill(self, name: str) -> None:
        """SIGKILL a server."""
        os.kill(self.server(name), signal.SIGKILL)

    @property
    def urls(self) -> dict[str, str]:
        """Where the servers are."""
        found: dict[str, str] = json.loads((self.folder / "servers.json").read_text())
        return found


@pytest.fixture
def up(tmp_path: Path, simulator: Simulator) -> Iterator[Up]:
    """`covey up`, until the test ends."""
    running = Up(tmp_path, simulator.url)
    yield running
    if running.process.poll() is None:
        running.process.send_signal(signal.SIGINT)
        try:
            running.process.wait(15)
        except subprocess.TimeoutExpired:
            running.process.kill()
            running.process.wait()


@pytest.mark.system
def test_each_is_started_again_on_its_data(up: Up) -> None:
    """One line each; what was in it is there, at the same place, and everything goes on until the person stops it."""
    with pymongo.MongoClient(up.urls["mongo_uri"]) as client, redis.Redis.from_url(up.urls["redis_url"]) as r:
        client["covey"].get_collection("kept", write_concern=pymongo.WriteConcern(j=True)).insert_one({"_id": 1})
        before = up.server("mongod")
        up.kill("mongod")
        eventually(lambda: up.said("mongod ended and was started again"), 18)
        assert up.server("mongod") != before
        assert client["covey"]["kept"].count_documents({}) == 1
        up.kill("redis")
        eventually(lambda: up.said("redis ended and was started again"))
        assert r.ping()
    assert up.process.poll() is None
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(15) == 0


@pytest.mark.system
def test_again_and_again_and_both_at_once(up: Up) -> None:
    """Killed a second time, and together, they come back."""
    for number in (1, 2):
        up.kill("redis")
        eventually(lambda n=number: up.said("started") and sum("redis ended" in line for line in up.lines) == n)
    up.kill("mongod")
    up.kill("redis")
    eventually(lambda: up.said("mongod ended") and sum("redis ended" in line for line in up.lines) == 3, 18)
    assert up.process.poll() is None


@pytest.mark.system
@pytest.mark.parametrize("name", ["redis", "mongod"])
def test_one_whose_data_are_gone_ends_it_with_a_clear_line(up: Up, name: str) -> None:
    """An empty database in the place of the old one would look as if nothing had ever been collected."""
    shutil.rmtree(up.folder / ("redis" if name == "redis" else "mongo"))
    up.kill(name)

    assert up.process.wait(18) not in (0, None)
    eventually(lambda: up.said(f"{name} died and does not come back"))


@pytest.mark.system
def test_one_whose_port_is_taken_ends_it_with_a_clear_line(up: Up) -> None:
    """Who answers there is somebody else's."""
    port = int(up.urls["redis_url"].rpartition(":")[2].partition("/")[0])
    up.process.send_signal(signal.SIGSTOP)
    up.kill("redis")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        eventually(lambda: _binds(taken, port))
        taken.listen()
        up.process.send_signal(signal.SIGCONT)
        assert up.process.wait(18) not in (0, None)
    eventually(lambda: up.said("redis died and does not come back"))


def _binds(taken: socket.socket, port: int) -> bool:
    try:
        taken.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True
