"""Days in minutes: processes whose clock, and MongoDB's as they are told it, are ahead of the machine's by what a file
says, at each look. `python -m tests.faults.later_clock FILE MODULE [ARGUMENT]...` runs a module as such a process.

Redis and MongoDB themselves stay at the machine's time: leases, delays and retries last as long as ever.
"""

from __future__ import annotations

import mmap
import runpy
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from shared.stores.database import ServerClock

_SECONDS = struct.Struct("<d")
_right = time.time
_of_the_server = ServerClock.now


class Ahead:
    """By how many seconds all who share the file are ahead; negative: behind."""

    def __init__(self, file: Path) -> None:
        self.file = file
        if not file.exists():
            file.write_bytes(_SECONDS.pack(0.0))
        with file.open("r+b") as opened:
            self._shared = mmap.mmap(opened.fileno(), _SECONDS.size)

    @property
    def seconds(self) -> float:
        """Now."""
        return float(_SECONDS.unpack(self._shared[: _SECONDS.size])[0])

    def go(self, seconds: float) -> None:
        """Be so much later from now on."""
        self._shared[: _SECONDS.size] = _SECONDS.pack(self.seconds + seconds)


@contextmanager
def clocks(ahead: Ahead) -> Iterator[None]:
    """This process has such a clock for as long as the block runs."""

    def server_now(clock: ServerClock) -> datetime:
        return _of_the_server(clock) + timedelta(seconds=ahead.seconds)

    time.time = lambda: _right() + ahead.seconds
    ServerClock.now = server_now  # type: ignore[method-assign]
    try:
        yield
    finally:
        time.time = _right
        ServerClock.now = _of_the_server  # type: ignore[method-assign]


def main() -> None:
    """Have such a clock, and become the module."""
    file, module = Path(sys.argv[1]), sys.argv[2]
    sys.argv = [module, *sys.argv[3:]]
    with clocks(Ahead(file)):
        runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
