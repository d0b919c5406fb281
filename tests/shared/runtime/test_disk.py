"""Folders that are held, full or not to be written to; real processes, real disks."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shared.domain.errors import InputError, NoRoom
from shared.runtime import disk
from shared.runtime.disk import check_room, held, writing
from shared.runtime.settings import child_environment

ROOT = Path(__file__).parents[3]
# Holds the folder, starts a child that holds the lock on and on, says both process ids, and waits to be killed.
HOLDER = """
import subprocess, sys, time
from pathlib import Path
from shared.runtime.disk import held
with held(Path(sys.argv[1]), "covey up") as lock:
    shared = [lock] if sys.argv[2] == "child" else []
    child = subprocess.Popen(["sleep", "60"], pass_fds=shared, stdout=subprocess.DEVNULL)
    print(child.pid, flush=True)
    time.sleep(60)
"""


def holder(folder: Path, *, kind: str = "alone") -> tuple[subprocess.Popen[str], int]:
    """A process that holds the folder, and the id of its child."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), kind],
        stdout=subprocess.PIPE,
        text=True,
        env=child_environment(PYTHONPATH=str(ROOT)),
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def test_a_second_process_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    """What it is and its process id; a killed one holds nothing."""
    process, child = holder(tmp_path / "data")
    with (
        pytest.raises(InputError, match=rf"data is in use by covey up \(process {process.pid}\)"),
        held(tmp_path / "data", "x"),
    ):
        raise AssertionError
    process.kill()
    process.communicate()
    os.kill(child, signal.SIGKILL)

    with held(tmp_path / "data", "covey demo"):
        assert (tmp_path / "data" / ".lock").read_text() == f"{os.getpid()} covey demo"


def test_what_a_dead_process_started_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its servers hold the folder until they have ended; only then may another begin."""
    monkeypatch.setattr(disk, "ENDING_SECONDS", 0.3)
    process, child = holder(tmp_path, kind="child")
    process.kill()
    process.communicate()

    with pytest.raises(InputError, match="in use by the servers of covey up"), held(tmp_path, "x"):
        raise AssertionError
    os.kill(child, signal.SIGKILL)
    monkeypatch.setattr(disk, "ENDING_SECONDS", 10)
    with held(tmp_path, "x"):
        pass


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    """Its place is taken by a file."""
    (tmp_path / "file").write_text("")

    with pytest.raises(NoRoom, match="file: cannot be written to: File exists"), held(tmp_path / "file", "x"):
        raise AssertionError
    with pytest.raises(NoRoom, match="cannot be written to: Not a directory"), held(tmp_path / "file" / "data", "x"):
        raise AssertionError


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO])
def test_what_a_disk_refuses_is_no_room(tmp_path: Path, number: int) -> None:
    """With the folder and the system's word; another error stays what it is."""
    with pytest.raises(NoRoom, match=f"{tmp_path}: cannot be written to: {os.strerror(number)}"), writing(tmp_path):
        raise OSError(number, os.strerror(number))
    with pytest.raises(InterruptedError), writing(tmp_path):
        raise OSError(errno.EINTR, "once more")


def test_a_full_disk_explains_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only one that is full does."""
    check_room(tmp_path)
    monkeypatch.setattr(disk, "NEEDED_BYTES", 2**62)

    with pytest.raises(NoRoom, match="the disk is full: "):
        check_room(tmp_path)
