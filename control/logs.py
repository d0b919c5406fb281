"""The logs of this machine's processes, merged by time. Reads files and prints nothing.

One file a process, one entry a line, in either form of COVEY_LOG_FORMAT; lines that are no entry (the rest of a
traceback, what a library prints) belong to the entry above them. Invariant: an entry that is being written is not read
before its line has ended.
"""

from __future__ import annotations

import heapq
import json
import re
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from shared.domain.errors import InputError

LEVELS: Final = ("debug", "info", "warning", "error", "critical")
FOLLOW_SECONDS: Final = 0.3
TAIL_BYTES: Final = 4_000_000  # of each file; read and parsed in half a second
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
_CONSOLE: Final = re.compile(r"(\d{4}-\d\d-\d\dT[\d:.]+Z) +\[(\w+) *\] (.*)", re.DOTALL)
_PAIR: Final = re.compile(r"\bcorrelation_id=['\"]?([\w-]+)")
_COMMON: Final = frozenset({"timestamp", "level", "event", "logger", "process"})


@dataclass(frozen=True, slots=True)
class Entry:
    """name: of the process. raw: as it was written. text: for people, after time, level and name."""

    at: datetime
    level: str
    name: str
    raw: str
    text: str
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which entries: at least this level, no older, of one correlation id. None: any."""

    level: str | None = None
    since: datetime | None = None
    correlation_id: str | None = None

    def __post_init__(self) -> None:
        """Raises InputError for an unknown level."""
        if self.level is not None and self.level not in LEVELS:
            raise InputError(f"unknown level {self.level!r}; the levels are {', '.join(LEVELS)}")

    def fits(self, entry: Entry) -> bool:
        """Whether the entry is wanted."""
        if self.level is not None and LEVELS.index(entry.level) < LEVELS.index(self.level):
            return False
        if self.since is not None and entry.at < self.since:
            return False
        return self.correlation_id in (None, entry.correlation_id)


def files(folder: Path, names: Sequence[str]) -> list[Path]:
    """The logs of these processes; all for none named. Raises InputError for one that has no log."""
    there = {path.stem: path for path in sorted(folder.glob("*.log"))}
    if not there:
        raise InputError(f"no logs in {folder}: covey up writes them; containers and services have their own")
    for name in names:
        if name not in there:
            raise InputError(f"no log of {name!r}; there are {', '.join(there)}")
    return [path for name, path in there.items() if not names or name in names]


def read(paths: Sequence[Path], wanted: LogFilter) -> Iterator[Entry]:
    """The entries that fit, the oldest first."""
    merged = heapq.merge(*(entries(path.stem, _lines(path)) for path in paths), key=lambda entry: entry.at)
    return (entry for entry in merged if wanted.fits(entry))


def latest(paths: Sequence[Path], wanted: LogFilter, *, limit: int) -> list[Entry]:
    """The newest entries that fit, the newest first; only the last TAIL_BYTES of each file are read."""
    ends = [(path, _end_of_lines(path, path.stat().st_size)) for path in paths]
    tails = [entries(path.stem, _decoded(path, _whole_from(path, end), end)) for path, end in ends]
    merged = heapq.merge(*tails, key=lambda entry: entry.at)
    fitting = (entry for entry in merged if entry.at > _BEGINNING and wanted.fits(entry))
    return list(reversed(deque(fitting, maxlen=limit)))


def follow(paths: Sequence[Path], wanted: LogFilter, stop: threading.Event) -> Iterator[Entry]:
    """What is there, and what is written from now on, until `stop` is set."""
    ends = {path: _end_of_lines(path, path.stat().st_size) for path in paths}
    old = [entries(path.stem, _decoded(path, 0, end)) for path, end in ends.items()]
    yield from filter(wanted.fits, heapq.merge(*old, key=lambda entry: entry.at))
    while not stop.wait(FOLLOW_SECONDS):
        new: list[Entry] = []
        for path in paths:
            end = _end_of_lines(path, path.stat().st_size)
            new += entries(path.stem, _decoded(path, min(ends[path], end), end))
            ends[path] = end
        yield from filter(wanted.fits, sorted(new, key=lambda entry: entry.at))


def entries(name: str, lines: Iterable[str]) -> Iterator[Entry]:
    """The entries of a file's lines."""
    present: Entry | None = None
    for line in lines:
        entry = _json(name, line) or _console(name, line)
        if entry is not None:
            if present is not None:
                yield present
            present = entry
        elif present is not None:
            present = replace(present, raw=f"{present.raw}\n{line}", text=f"{present.text}\n{_COLOURS.sub('', line)}")
        else:
            present = Entry(_BEGINNING, "info", name, line, _COLOURS.sub("", line))
    if present is not None:
        yield present


def _json(name: str, line: str) -> Entry | None:
    if not line.startswith("{"):
        return None
    try:
        said: Any = json.loads(line)
        at = datetime.fromisoformat(said["timestamp"])
    except (ValueError, KeyError, TypeError):
        return None
    rest = [f"{key}={value}" for key, value in said.items() if key not in _COMMON and key != "exception"]
    text = "  ".join([str(said.get("event", "")), *rest])
    if "exception" in said:
        text += f"\n{said['exception']}"
    return Entry(at, _level(said.get("level")), name, line, text, said.get("correlation_id"))


def _console(name: str, line: str) -> Entry | None:
    match = _CONSOLE.match(_COLOURS.sub("", line))
    if match is None:
        return None
    found = _PAIR.search(match[3])
    text = re.sub(r" {2,}", "  ", match[3])
    at = datetime.fromisoformat(match[1])
    return Entry(at, _level(match[2]), name, line, text, found[1] if found else None)


def _level(said: object) -> str:
    return said if isinstance(said, str) and said in LEVELS else "info"


def _lines(path: Path) -> Iterator[str]:
    """The lines of a file, however long it is."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            yield line.rstrip("\n")


def _end_of_lines(path: Path, size: int) -> int:
    """Where the last whole line within the first `size` bytes ends."""
    with path.open("rb") as file:
        end = size
        while end > 0:
            start = max(0, end - 65_536)
            file.seek(start)
            at = file.read(end - start).rfind(b"\n")
            if at >= 0:
                return start + at + 1
            end = start
    return 0


def _whole_from(path: Path, end: int) -> int:
    """Where the first whole line of the last TAIL_BYTES before `end` begins."""
    start = max(0, end - TAIL_BYTES)
    if start == 0:
        return 0
    with path.open("rb") as file:
        file.seek(start - 1)
        return min(end, start - 1 + len(file.readline()))


def _decoded(path: Path, start: int, end: int) -> Iterator[str]:
    """The lines between two ends of lines."""
    with path.open("rb") as file:
        file.seek(start)
        while start < end and (line := file.readline()):
            start += len(line)
            yield line.decode(errors="replace").rstrip("\n")
