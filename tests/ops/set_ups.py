"""The set-ups of docs/troubleshooting.md: one that is healthy, and others in which one thing is wrong.

`python -m tests.ops.set_ups` runs `covey doctor` in each and writes what it prints into the document.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pymongo
import redis

from shared.runtime.embedded import Servers, free_port, running
from shared.runtime.settings import blank_environment
from shared.stores.bundle import Stores
from shared.stores.indexes import SMALL_COLLECTION
from tests.cases.servers import mongod_with, redis_with

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "troubleshooting.md"
COLUMNS = "112"
DATABASE = "covey_set_up"

Environment = dict[str, str]
Break = Callable[[Servers, Path], AbstractContextManager[Environment]]


@dataclass(frozen=True)
class SetUp:
    """brief: whether only what is not well is printed. change: breaks something, and answers the settings for it."""

    name: str
    change: Break
    options: tuple[str, ...] = field(default=("--brief",))


def settings(**values: str) -> Break:
    """A set-up that differs by settings only."""

    @contextmanager
    def change(servers: Servers, folder: Path) -> Iterator[Environment]:
        yield values

    return change


@contextmanager
def away(servers: Servers, folder: Path) -> Iterator[Environment]:
    """Neither server is there."""
    yield {"REDIS_URL": f"redis://127.0.0.1:{free_port()}", "MONGO_URI": f"mongodb://127.0.0.1:{free_port()}"}


@contextmanager
def wrong_password(servers: Servers, folder: Path) -> Iterator[Environment]:
    """Redis knows no user of that name."""
    yield {"REDIS_URL": servers.redis_url.replace("redis://", "redis://covey:wrong@")}


@contextmanager
def few_rights(servers: Servers, folder: Path) -> Iterator[Environment]:
    """The Redis user lacks a command, and INFO."""
    with redis.Redis.from_url(servers.redis_url) as client:
        rights = ("~covey:*", "+@all", "-info", "-config", "-zadd")
        client.execute_command("ACL", "SETUSER", "covey", "reset", "on", ">word", *rights)
        yield {"REDIS_URL": servers.redis_url.replace("redis://", "redis://covey:word@")}
        client.execute_command("ACL", "DELUSER", "covey")


def other_redis(*options: str) -> Break:
    """Redis is started otherwise."""

    @contextmanager
    def change(servers: Servers, folder: Path) -> Iterator[Environment]:
        with redis_with(folder, *options) as url:
            yield {"REDIS_URL": url}

    return change


@contextmanager
def replica(servers: Servers, folder: Path) -> Iterator[Environment]:
    """REDIS_URL names the replica of a Redis."""
    port = servers.redis_url.rpartition(":")[2].partition("/")[0]
    options = ("--replicaof", "127.0.0.1", port, "--appendonly", "yes")
    with redis_with(folder, *options) as url:
        yield {"REDIS_URL": url}


@contextmanager
def secondary(servers: Servers, folder: Path) -> Iterator[Environment]:
    """MONGO_URI names one member of a replica set, which is no primary."""
    with mongod_with(folder, "--replSet", "rs") as uri:
        yield {"MONGO_URI": uri}


@contextmanager
def unindexed(servers: Servers, folder: Path) -> Iterator[Environment]:
    """Large collections lost an index each."""
    with pymongo.MongoClient[dict[str, Any]](servers.mongo_uri) as client:
        db = client[DATABASE]
        for name, index in (("X_users", "username_1"), ("X_sweeps", "one_open_sweep_a_subject")):
            db[name].drop_index(index)
            db[name].insert_many([{"status": "ended"} for _ in range(SMALL_COLLECTION + 1)])
        yield {}
        for name in ("X_users", "X_sweeps"):
            db[name].drop()
        Stores.on(db).ensure_indexes()


@contextmanager
def wrong_clock(servers: Servers, folder: Path) -> Iterator[Environment]:
    """This machine is five minutes behind X."""
    with x_whose_clock_is(timedelta(minutes=5)) as url:
        yield {"COVEY_X_BASE_URL": url}


SET_UPS = (
    SetUp("healthy", settings(), options=()),
    SetUp("away", away),
    SetUp("password", wrong_password),
    SetUp("eviction", other_redis("--appendonly", "yes", "--maxmemory-policy", "allkeys-lru")),
    SetUp("cluster", other_redis("--appendonly", "yes", "--cluster-enabled", "yes")),
    SetUp("replica", replica),
    SetUp("persistence", other_redis("--save", "")),
    SetUp("rights", few_rights),
    SetUp("secondary", secondary),
    SetUp("indexes", unindexed),
    SetUp("clock", wrong_clock),
    SetUp("folder", settings(COVEY_MEDIA_DIR="/proc/media")),
    SetUp("credentials", settings(X_BEARER_TOKEN="")),
    SetUp(
        "timing",
        settings(
            COVEY_X_READ_TIMEOUT_SECONDS="60",
            COVEY_HEARTBEAT_TIMEOUT_SECONDS="5",
            COVEY_LEADER_LEASE_SECONDS="5",
            COVEY_REFRESH_LEASE_SECONDS="60",
        ),
    ),
)


@contextmanager
def x_whose_clock_is(ahead: timedelta) -> Iterator[str]:
    """An X that answers everybody with 401 and a date of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(401)
            self.send_header("Date", format_datetime(datetime.now(UTC) + ahead, usegmt=True))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def made(set_up: SetUp, servers: Servers, folder: Path) -> Iterator[Environment]:
    """The set-up, for as long as the block runs; answers the settings by which it is used."""
    with pymongo.MongoClient[dict[str, Any]](servers.mongo_uri) as client:
        Stores.on(client[DATABASE]).ensure_indexes()
    with x_whose_clock_is(timedelta(0)) as x_url, set_up.change(servers, folder) as values:
        yield {
            "REDIS_URL": servers.redis_url,
            "MONGO_URI": servers.mongo_uri + values.get("MONGO_OPTIONS", ""),
            "COVEY_MONGO_DATABASE": DATABASE,
            "COVEY_X_BASE_URL": x_url,
            "X_BEARER_TOKEN": "sim-demo",
            "COVEY_DATA_DIR": "var",
            **values,
        }


def output_of(set_up: SetUp, servers: Servers, folder: Path) -> str:
    """What `covey doctor` prints on a terminal in that set-up; ports are replaced by one of the same length."""
    with made(set_up, servers, folder) as environment:
        text = _on_a_terminal([sys.executable, "-m", "control.cli", "doctor", *set_up.options], environment, folder)
    return re.sub(r"127\.0\.0\.1:\d{5}", "127.0.0.1:16379", re.sub(r"\x1b\[[0-9;]*m", "", text))


def _on_a_terminal(command: list[str], environment: Environment, folder: Path) -> str:
    """What a command prints on a terminal."""
    ours, theirs = pty.openpty()
    child = {"PYTHONPATH": str(ROOT), "TERM": "xterm", "NO_COLOR": "1", "COLUMNS": COLUMNS, **environment}
    process = subprocess.Popen(
        command, env=blank_environment(**child), cwd=folder, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    pieces: list[bytes] = []
    try:
        while piece := os.read(ours, 65_536):
            pieces.append(piece)
    except OSError:  # Linux says so when the other end is closed
        pass
    os.close(ours)
    status = process.wait()
    lines = [line.rstrip() for line in b"".join(pieces).decode().replace("\r\n", "\n").strip("\n").split("\n")]
    return "\n".join([f"$ covey {' '.join(command[3:])}", *lines, "$ echo $?", str(status)])


def blocks() -> dict[str, str]:
    """The outputs in the document, by the name of their set-up."""
    return dict(re.findall(r"<!-- set-up: (\w+) -->\n```\n(.*?)\n```", DOCUMENT.read_text(), flags=re.S))


def main() -> None:
    """Write what each set-up prints into the document."""
    text = DOCUMENT.read_text()
    with tempfile.TemporaryDirectory() as name, running(Path(name) / "servers") as servers:
        for set_up in SET_UPS:
            folder = Path(name) / set_up.name
            folder.mkdir()
            block = f"<!-- set-up: {set_up.name} -->\n```\n{output_of(set_up, servers, folder)}\n```"
            pattern = rf"<!-- set-up: {set_up.name} -->\n```\n.*?```(?=\n)"
            text, count = re.subn(pattern, lambda _, block=block: block, text, flags=re.S)  # type: ignore[misc]
            assert count == 1, set_up.name
    DOCUMENT.write_text(text)


if __name__ == "__main__":
    main()
