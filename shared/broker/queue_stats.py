"""How much work a queue holds, for metrics and people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class QueueStats:
    """Messages of a queue at one moment. `oldest_ready_age_seconds` is how long the longest due one has been due."""

    ready: int
    delayed: int
    in_flight: int
    dead: int
    oldest_ready_age_seconds: float

    @classmethod
    def of(cls, ready: int, delayed: int, in_flight: int, dead: int, oldest_ready_us: int) -> Self:
        """From a row of the `stats` script."""
        return cls(ready, delayed, in_flight, dead, oldest_ready_us / 1e6)
