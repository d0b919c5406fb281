"""A flock whose processes have a clock that is ahead of the machine's, or behind; see `later_clock`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.faults.flock import Process, WholeFlock
from tests.faults.later_clock import Ahead


class LaterFlock(WholeFlock):
    """The harness has to have that clock too (`clocks`), and the simulator is told by its own options."""

    def __init__(self, folder: Path, ahead: Ahead, **options: Any) -> None:
        self.ahead = ahead
        super().__init__(folder, **options)

    def _start(self, arguments: list[str], **environment: str) -> Process:
        later = ["-m", "tests.faults.later_clock", str(self.ahead.file), *arguments[1:]]
        return super()._start(later, **environment)
