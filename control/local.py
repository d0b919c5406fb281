"""The processes of one machine: started, watched, started again when they die, and stopped cleanly.

    waiting --start--> running --dies--> started again (after a pause that grows to 5 s)
                         | stop: SIGTERM, and SIGKILL after the grace period
                         v
                       ended

Also notes in one file where the servers of this machine are, so that other commands find them.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from shared.domain.errors import InputError
from shared.runtime.disk import writing
from shared.runtime.embedded import Servers, die_with_parent, tail

QUICK_DEATH_SECONDS = 5.0
MAX_QUICK_DEATHS = 4
MAX_RESTART_PAUSE_SECONDS = 5.0


@dataclass
class Child:
    """One process of ours."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    restarts: int = 0
    quick_deaths: int = 0
    started_at: float = 0.0
    not_before: float = 0.0

    def start(self) -> None:
        """Start the process; its output is appended to its log file."""
        self.started_at = time.monotonic()
        with writing(self.log.parent), self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches the supervisor only, which stops the others in order
                preexec_fn=die_with_parent,  # noqa: PLW1509  # one libc call; no lock is taken before exec
            )

    @property
    def pid(self) -> int | None:
        """The process id, None before the start."""
        return self.process.pid if self.process else None


@dataclass
class Flock:
    """The children, in the order in which they were added; stopped in the reverse order.

    environment: the whole environment of every child. replaced: process ids of those that died and were started again.
    """

    folder: Path
    environment: dict[str, str]
    grace_seconds: float
    children: list[Child] = field(default_factory=list)
    replaced: list[int] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def add(self, name: str, *arguments: str, **environment: str) -> Child:
        """Start `python -m ARGUMENTS...` as a child called `name`."""
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        child = Child(
            name=name,
            command=[sys.executable, "-m", *arguments],
            environment={**self.environment, **environment},
            log=self.folder / f"{name}.log",
        )
        child.start()
        self.children.append(child)
        return child

    def watch_once(self) -> list[str]:
        """Start what died again; answers the names of what died since the last look.

        Raises InputError, with the end of its log, for a child that never lives for long.
        """
        died = []
        for child in self.children:
            if self._stopping.is_set() or child.process is None or child.process.poll() is None:
                continue
            now = time.monotonic()
            if child.not_before == 0.0:
                died.append(child.name)
                self.replaced.append(child.process.pid)
                child.quick_deaths = child.quick_deaths + 1 if now - child.started_at < QUICK_DEATH_SECONDS else 0
                if child.quick_deaths > MAX_QUICK_DEATHS:
                    raise InputError(f"{child.name} keeps dying; the end of {child.log}:\n{tail(child.log)}")
                child.not_before = now + min(MAX_RESTART_PAUSE_SECONDS, 0.2 * 2 ** min(child.restarts, 10))
            if now >= child.not_before:
                child.restarts += 1
                child.not_before = 0.0
                child.start()
        return died

    @property
    def restarts(self) -> int:
        """How often any child was started again."""
        return sum(child.restarts for child in self.children)

    def stop(self) -> list[str]:
        """Stop all children, those added last first; answers the names of those that had to be killed."""
        self._stopping.set()
        running = [c for c in reversed(self.children) if c.process is not None and c.process.poll() is None]
        for child in running:
            assert child.process is not None
            child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + self.grace_seconds
        killed = []
        for child in running:
            assert child.process is not None
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
                killed.append(child.name)
        return killed


def note_servers(data_dir: Path, servers: Servers) -> None:
    """Write down where the servers are, for the other commands of this machine. Readable by the owner only."""
    path = _note(data_dir)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps({"redis_url": servers.redis_url, "mongo_uri": servers.mongo_uri}))


def forget_servers(data_dir: Path) -> None:
    """The servers are about to end."""
    _note(data_dir).unlink(missing_ok=True)


def noted_servers(data_dir: Path) -> Servers | None:
    """Where the servers that `covey up` started here are, None when it does not run."""
    try:
        return Servers(**json.loads(_note(data_dir).read_text()))
    except (OSError, ValueError, TypeError):
        return None


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set, for as long as the block runs."""
    stop = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _note(data_dir: Path) -> Path:
    return data_dir / "servers.json"
