"""A power cut of Redis: what it wrote in its last moments is lost.

The system keeps what a killed process wrote, so the end of the append-only file is cut off as a power cut would, where
Redis syncs the file every second.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Self

from shared.runtime.embedded import EmbeddedServer

_LOOK_SECONDS = 0.005


class PowerCut:
    """Watches how the append-only file of a Redis grows, from the start of the block on, and cuts the power."""

    def __init__(self, folder: Path) -> None:
        self._file = _append_only_file(folder)
        self._sizes: list[tuple[float, int]] = []
        self._stop = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._watcher.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stop.set()
        self._watcher.join()

    def cut(self, server: EmbeddedServer, *, lost_seconds: float) -> float:
        """Kill the server and take back what it wrote in its last `lost_seconds`; when that was (monotonic)."""
        server.process.kill()
        killed_at = time.monotonic()
        server.process.wait()
        self._stop.set()
        self._watcher.join()  # the file may be gone after this
        kept = max((size for at, size in self._sizes if at <= killed_at - lost_seconds), default=0)
        with self._file.open("rb+") as handle:
            handle.truncate(kept)
        return killed_at

    def _watch(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            self._sizes.append((time.monotonic(), self._file.stat().st_size))


def _append_only_file(folder: Path) -> Path:
    """Where Redis appends: one file before version 7, the newest of a folder since."""
    return max(path for path in folder.rglob("appendonly.aof*") if path.is_file() and path.suffix != ".manifest")
