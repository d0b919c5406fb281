"""The processes of one machine: started again, stopped, given up, with real child processes."""

from __future__ import annotations

import os
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from control.local import Flock, forget_servers, interruptible, note_servers, noted_servers
from shared.domain.errors import InputError
from shared.runtime.embedded import Servers
from tests.workers.world import eventually

SERVERS = Servers("redis://:secret@127.0.0.1:1/0", "mongodb://127.0.0.1:2")

# Modules that the children run. Each says in a file of its own that it is ready for signals.
MODULES = {
    "waits": "import pathlib, signal, sys\npathlib.Path(sys.argv[1]).touch()\nsignal.pause()\n",
    "ignores": (
        "import pathlib, signal, sys\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "pathlib.Path(sys.argv[1]).touch()\nwhile True: signal.pause()\n"
    ),
    "dies": "import sys\nprint('these are my last words', file=sys.stderr)\nsys.exit(3)\n",
}


@pytest.fixture
def flock(tmp_path: Path) -> Iterator[Flock]:
    """A flock whose children find the modules above."""
    for name, source in MODULES.items():
        (tmp_path / f"{name}.py").write_text(source)
    flock = Flock(tmp_path / "logs", {"PYTHONPATH": str(tmp_path)}, grace_seconds=0.5)
    yield flock
    flock.grace_seconds = 0.0
    flock.stop()


def add(flock: Flock, name: str, module: str) -> int:
    """Add a child, wait until it is ready, answer its process id."""
    ready = flock.folder.parent / f"{name}.ready"
    child = flock.add(name, module, str(ready))
    eventually(ready.exists)
    assert child.pid is not None
    return child.pid


def alive(pid: int) -> bool:
    """Whether the process is there."""
    return Path(f"/proc/{pid}").exists()


def watch_until(flock: Flock, condition: Callable[[], bool]) -> list[str]:
    """Look after the children until something holds; answers the names of those that died."""
    died: list[str] = []

    def look() -> bool:
        died.extend(flock.watch_once())
        return condition()

    eventually(look)
    return died


def test_a_killed_child_is_started_again(flock: Flock) -> None:
    """Killed without a chance to clean up, it is named once and runs again as another process; the others stay."""
    other = add(flock, "other", "waits")
    first = add(flock, "child", "waits")

    os.kill(first, signal.SIGKILL)
    died = watch_until(flock, lambda: flock.restarts == 1)

    assert died == ["child"]
    assert flock.children[0].pid == other
    assert flock.children[1].pid not in (None, first)


def test_a_child_that_lived_long_is_started_again_however_often(flock: Flock) -> None:
    """The pause before a start is bounded, also after thousands of them."""
    pid = add(flock, "child", "waits")
    flock.children[0].restarts = 5000

    os.kill(pid, signal.SIGKILL)

    assert watch_until(flock, lambda: flock.children[0].not_before > 0) == ["child"]
    assert flock.children[0].not_before - flock.children[0].started_at < 20


def test_stopping_ends_all_and_starts_none_again(flock: Flock) -> None:
    """Every child is gone, none had to be killed, and what died meanwhile stays dead."""
    pids = [add(flock, f"child-{number}", "waits") for number in range(3)]
    os.kill(pids[0], signal.SIGKILL)

    assert flock.stop() == []

    assert not any(alive(pid) for pid in pids)
    assert flock.watch_once() == []
    assert flock.restarts == 0


def test_a_child_that_does_not_listen_is_killed_and_named(flock: Flock) -> None:
    """After the grace period SIGKILL ends it; the others ended in order."""
    deaf, good = add(flock, "deaf", "ignores"), add(flock, "good", "waits")

    assert flock.stop() == ["deaf"]

    assert not alive(deaf)
    assert not alive(good)


def test_a_child_that_keeps_dying_is_given_up_with_the_end_of_its_log(flock: Flock) -> None:
    """After a few quick deaths the error names the child, its log and its last words."""
    flock.add("hopeless", "dies")

    with pytest.raises(InputError) as error:
        watch_until(flock, lambda: False)

    assert "hopeless keeps dying" in str(error.value)
    assert str(flock.folder / "hopeless.log") in str(error.value)
    assert "these are my last words" in str(error.value)
    assert flock.restarts == 4


def test_servers_are_noted_for_the_owner_only_and_forgotten(tmp_path: Path) -> None:
    """Other commands find the servers while they run, nobody else may read the file, and afterwards it is gone."""
    note_servers(tmp_path, SERVERS)

    assert noted_servers(tmp_path) == SERVERS
    (note,) = tmp_path.iterdir()
    assert stat.S_IMODE(note.stat().st_mode) == 0o600
    forget_servers(tmp_path)
    assert noted_servers(tmp_path) is None


@pytest.mark.parametrize("content", ["", "not JSON", "[]", '{"redis_url": "only one"}'])
def test_a_note_that_cannot_be_read_is_none(tmp_path: Path, content: str) -> None:
    """A broken note does not stop the commands."""
    note_servers(tmp_path, SERVERS)
    (note,) = tmp_path.iterdir()
    note.write_text(content)

    assert noted_servers(tmp_path) is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_sets_the_event_and_the_old_handlers_come_back(number: signal.Signals) -> None:
    """Inside the block a signal only sets the event; afterwards it does what it did before."""
    before = signal.getsignal(number)

    with interruptible() as stop:
        os.kill(os.getpid(), number)
        assert stop.wait(5)

    assert signal.getsignal(number) is before
    assert threading.current_thread() is threading.main_thread()
