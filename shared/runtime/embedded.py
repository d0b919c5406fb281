"""Real redis-server and mongod of our own, for a machine that has none configured.

Owns starting the two programs on free loopback ports with their data in one folder, waiting until they
answer, starting them again on the same data where they died, and stopping them cleanly. Used by `covey demo`,
`covey up` and the test fixtures alike.
Invariant: what is started here is stopped here, also when the starting process is killed (PR_SET_PDEATHSIG).
"""

from __future__ import annotations

import ctypes
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pymongo
import redis

from shared.domain.errors import InputError
from shared.runtime.disk import check_room, writing
from shared.runtime.programs import find_mongod, find_redis_server

START_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 20.0
# A server that died while it was starting is started again so often before that is given up.
REVIVALS = 3
# A mongod cache of a quarter GiB holds the demo's data several times over and leaves a small machine its memory.
MONGOD_CACHE_GIB = 0.25

LIBRARIES_HINT = "\nOn Debian and Ubuntu: apt-get install libcurl4 libgssapi-krb5-2"


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the running servers are; `own` are those that this process runs."""

    redis_url: str
    mongo_uri: str
    own: tuple[EmbeddedServer, ...] = field(default=(), repr=False)

    def revive(self) -> list[EmbeddedServer]:
        """Start those of our own again that died, on the same data and port; answers them once they answer.

        Raises InputError, with its last words, for one that does not come back.
        """
        dead = [server for server in self.own if server.process.poll() is not None]
        for server in dead:
            server.start_again()
        return dead


@contextmanager
def running(
    data_dir: Path, *, redis_needed: bool = True, mongo_needed: bool = True, keep_open: Sequence[int] = ()
) -> Iterator[Servers]:
    """Run the servers that are needed until the block ends. An unneeded one has an empty address.

    keep_open: descriptors, such as that of a lock, that the servers hold too.

    Raises InputError where a program is missing or does not start; its last words are in the message.
    """
    started: list[EmbeddedServer] = []
    try:
        if redis_needed:
            started.append(start_redis(data_dir / "redis", keep_open=keep_open))
        if mongo_needed:
            started.append(start_mongod(data_dir / "mongo", keep_open=keep_open))
        urls = {server.name: server.url for server in started}
        yield Servers(redis_url=urls.get("redis", ""), mongo_uri=urls.get("mongod", ""), own=tuple(started))
    finally:
        for server in reversed(started):
            server.stop()


class EmbeddedServer:
    """One server process of ours, which runs from its making on. ready: whether it answers.

    Raises InputError, with the last words of its log, where it does not start.
    """

    def __init__(
        self,
        name: str,
        url: str,
        command: Sequence[str],
        log: Path,
        ready: Callable[[], bool],
        keep_open: Sequence[int] = (),
    ) -> None:
        self.name = name
        self._keep_open = tuple(keep_open)
        self.url = url
        self.log = log
        self._command = command
        self._ready = ready
        self.process = self._start("wb")

    def start_again(self) -> None:
        """Start it on the same data and port, which must be there. Raises InputError when it does not come back."""
        for attempt in range(1, REVIVALS + 1):
            try:
                self.process = self._start("ab")
                return
            except OSError as error:
                raise InputError(f"{self.name} died and does not come back: {error}") from error
            except InputError as error:
                if attempt == REVIVALS:
                    raise InputError(f"{self.name} died and does not come back: {error}") from error

    def _start(self, mode: Literal["wb", "ab"]) -> subprocess.Popen[bytes]:
        with writing(self.log.parent), self.log.open(mode) as output:
            process = subprocess.Popen(
                self._command,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                pass_fds=self._keep_open,
                # A terminal's Ctrl-C goes to the whole group: the servers must outlive the processes that use them.
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509  # one libc call; no lock is taken between fork and exec
            )
        deadline, pause = time.monotonic() + START_TIMEOUT_SECONDS, threading.Event()
        # Who answers must be this process: another one may sit on the port.
        while not (self._answers() and process.poll() is None):
            if process.poll() is not None or time.monotonic() > deadline:
                _end(process)
                words = tail(self.log)
                check_room(self.log.parent)
                hint = LIBRARIES_HINT if "shared libraries" in words else ""
                raise InputError(f"{self._command[0]} did not start; the end of {self.log}:\n{words}{hint}")
            pause.wait(0.02)
        return process

    def _answers(self) -> bool:
        try:
            return self._ready()
        except (redis.RedisError, pymongo.errors.PyMongoError):
            return False

    def stop(self) -> None:
        """End the server cleanly: SIGTERM, and SIGKILL only when it does not answer to that."""
        _end(self.process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def start_redis(folder: Path, *, port: int | None = None, keep_open: Sequence[int] = ()) -> EmbeddedServer:
    """Start redis-server with an append-only file (fsync every second) and without eviction."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    command = [
        *(str(find_redis_server()), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder.resolve())),
        *("--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction"),
    ]
    url = f"redis://127.0.0.1:{port}/0"
    client = redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
    return EmbeddedServer("redis", url, command, folder / "redis.log", lambda: bool(client.ping()), keep_open)


def start_mongod(folder: Path, *, port: int | None = None, keep_open: Sequence[int] = ()) -> EmbeddedServer:
    """Start a standalone mongod."""
    with writing(folder):
        (folder / "db").mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    command = [
        *(str(find_mongod()), "--port", str(port), "--bind_ip", "127.0.0.1"),
        *("--dbpath", str((folder / "db").resolve())),
        *("--wiredTigerCacheSizeGB", str(MONGOD_CACHE_GIB), "--nounixsocket", "--quiet"),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    ]
    url = f"mongodb://127.0.0.1:{port}/?directConnection=true"

    def ready() -> bool:
        with pymongo.MongoClient[dict[str, object]](url, serverSelectionTimeoutMS=200) as client:
            return bool(client.admin.command("ping"))

    return EmbeddedServer("mongod", url, command, folder / "mongod.log", ready, keep_open)


def free_port() -> int:
    """A TCP port of the loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def die_with_parent() -> None:
    """For `preexec_fn`: on Linux, end this child when its parent ends, however it ends (prctl(2), PR_SET_PDEATHSIG)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def tail(log: Path, lines: int = 8) -> str:
    """The last lines of a log file."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
