"""What a disk refuses, in one line; and one process at a time in a folder.

    free --held--> ours --the block ends, or this process and all it started do--> free

Owns which errors of the system mean that a disk takes no more or cannot be written to, and the lock of a data folder.
The lock is the kernel's (flock(2)), so nothing is left locked by a process that was killed. Servers that were started
with it hold it too: until the last of them has ended, nobody else may touch their data.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from shared.domain.errors import InputError, NoRoom

_REFUSALS: Final = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO),
        *(errno.ENOTDIR, errno.EEXIST, errno.EFBIG),
    }
)
LOCK: Final = ".lock"
# Servers of a process that was killed end within this.
ENDING_SECONDS: Final = 20.0
# With less than this neither MongoDB nor Redis can work (a journal file of MongoDB has 100 MB).
NEEDED_BYTES: Final = 32 * 1024 * 1024
# And with less than this nothing of use can begin: media leave 200 MB free.
BEGIN_BYTES: Final = 256 * 1024 * 1024


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """What the disk refuses becomes NoRoom: full, over quota, read-only, not ours, or broken."""
    try:
        yield
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
        raise NoRoom(str(folder), f"cannot be written to: {error.strerror}") from error


def check_room(folder: Path, needed_bytes: int | None = None) -> None:
    """Raise NoRoom where the disk of a folder is full: that explains whatever else is wrong."""
    free, needed = shutil.disk_usage(folder).free, needed_bytes or NEEDED_BYTES
    if free < needed:
        raise NoRoom(str(folder), f"the disk is full: {free / 1e6:.0f} MB are free, {needed / 1e6:.0f} MB are needed")


@contextmanager
def held(folder: Path, what: str) -> Iterator[int]:
    """Hold a folder, which is made where it is missing, for as long as the block runs; answers the lock's descriptor.

    what: who holds it, for others. Raises InputError that names the holder, and NoRoom.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(lock, folder)
        with writing(folder):
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{os.getpid()} {what}".encode(), 0)
        yield lock
    finally:
        os.close(lock)


def _take(lock: int, folder: Path) -> None:
    """Take the lock; where its holder is dead, as soon as what it started has ended too."""
    deadline, pause = time.monotonic() + ENDING_SECONDS, threading.Event()
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise NoRoom(str(folder), f"cannot be locked: {error.strerror}") from error
        pid, _, what = os.pread(lock, 200, 0).decode(errors="replace").partition(" ")
        if not pid.isdecimal():  # taken a moment ago, and not signed yet
            pid, what = "0", "another process"
        elif _lives(int(pid)):
            raise InputError(
                f"{folder} is in use by {what} (process {pid}): stop it, or choose another folder (COVEY_DATA_DIR)"
            )
        if time.monotonic() > deadline:
            raise InputError(f"{folder} is in use by the servers of {what} (process {pid}), which has ended: stop them")
        pause.wait(0.05)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's
    return True
