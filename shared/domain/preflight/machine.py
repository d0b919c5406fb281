"""This machine: its Python, how many files may be open, and the folders with the room that is left in them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.domain.preflight.finding import Check, Finding, error, ok, warning

Version = tuple[int, int]

TESTED: Final[tuple[Version, Version]] = ((3, 11), (3, 13))
# A thread may use a connection each to Redis for broker, limiter and ledger, to MongoDB, to X and to a media host,
# and have a file open; the rest of the process needs fewer than a hundred.
FILES_A_THREAD: Final = 8
FILES_BESIDE: Final = 100

LOW_RATIO: Final = 0.05
FULL_RATIO: Final = 0.01
FULL_BYTES: Final = 200 * 1000 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder that is written to. setting: where it is named. fault: why nothing can be written there."""

    check: Check
    setting: str
    path: str
    fault: str | None = None
    free_bytes: int = 0
    total_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFacts:
    """open_files: how many this process may have open; None: no limit."""

    python: Version
    threads: int
    open_files: int | None


def judge_machine(facts: MachineFacts) -> list[Finding]:
    """The findings about this machine."""
    return [_python(facts.python), _open_files(facts)]


def _python(version: Version) -> Finding:
    text = f"Python {version[0]}.{version[1]}"
    oldest, newest = (f"{major}.{minor}" for major, minor in TESTED)
    if not TESTED[0] <= version <= TESTED[1]:
        return warning(Check.PYTHON, f"{text} is not tested", f"use Python {oldest} to {newest}")
    return ok(Check.PYTHON, text)


def _open_files(facts: MachineFacts) -> Finding:
    needed = facts.threads * FILES_A_THREAD + FILES_BESIDE
    if facts.open_files is not None and facts.open_files < needed:
        message = f"this process may have {facts.open_files} files open; {facts.threads} threads need up to {needed}"
        return warning(Check.OPEN_FILES, message, f"raise the limit (ulimit -n {needed}), or use fewer threads")
    return ok(Check.OPEN_FILES, f"enough files may be open for {facts.threads} threads")


def judge_folder(folder: Folder) -> Finding:
    """The finding about a folder."""
    if folder.fault is not None:
        todo = f"make the folder writable for this user, or set {folder.setting} to another"
        return error(folder.check, f"{folder.path} cannot be written to: {folder.fault}", todo)
    ratio = folder.free_bytes / max(1, folder.total_bytes)
    message = f"{folder.path}: {folder.free_bytes / 1e9:.1f} GB free ({ratio:.0%})"
    todo = f"make room, or set {folder.setting} to a folder on another disk"
    if ratio < FULL_RATIO or folder.free_bytes < FULL_BYTES:
        return error(folder.check, f"{message}: the disk is full", todo)
    if ratio < LOW_RATIO:
        return warning(folder.check, f"{message}: the disk is almost full", todo)
    return ok(folder.check, message)
