"""Reads what this machine is like, for `shared/domain/preflight/machine.py` to judge.

It makes no folder, and leaves nothing in one: whether a file can be written is tried with one that has no name.
"""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
from pathlib import Path

from shared.domain.preflight.finding import Check
from shared.domain.preflight.machine import Folder, MachineFacts


def read_machine(*, threads: int) -> MachineFacts:
    """The facts of this process's machine."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MachineFacts(
        python=sys.version_info[:2],
        threads=threads,
        open_files=None if soft == resource.RLIM_INFINITY else soft,
    )


def read_folder(check: Check, setting: str, path: Path) -> Folder:
    """A folder that will be written to; where it is not there yet, the one that it will be made in."""
    try:
        there = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
        with tempfile.TemporaryFile(dir=there):
            disk = shutil.disk_usage(there)
    except OSError as error:
        return Folder(check=check, setting=setting, path=str(path), fault=error.strerror or str(error))
    return Folder(check=check, setting=setting, path=str(path), free_bytes=disk.free, total_bytes=disk.total)
