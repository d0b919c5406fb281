"""Owns the simulator's reading of real time; everything else is handed a `Clock`.

It must not be imported for anything but building the one clock of a process.
Invariant: instants are whole milliseconds since the Unix epoch, UTC.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

Clock = Callable[[], int]
"""Answers the present as milliseconds since the Unix epoch."""


def system_clock(offset_seconds: float = 0.0) -> Clock:
    """Return the machine's clock, shifted by `offset_seconds` (a server that is ahead or behind)."""
    offset_ms = round(offset_seconds * 1000)
    return lambda: time.time_ns() // 1_000_000 + offset_ms


class AheadClock:
    """Another clock, which can be sent ahead while it is read, and never back."""

    def __init__(self, clock: Clock) -> None:
        """Be as late as `clock` at first."""
        self._clock, self._ahead_ms = clock, 0

    def __call__(self) -> int:
        """Return the present."""
        return self._clock() + self._ahead_ms

    def go_ahead(self, seconds: float) -> None:
        """Be `seconds` later from now on."""
        self._ahead_ms += round(seconds * 1000)


# A page of a hundred posts was a sixth slower without it; the same posts are asked for again and again.
@lru_cache(maxsize=65_536)
def iso_ms(at_ms: int) -> str:
    """Return an instant as X writes `created_at`: `2026-01-31T12:00:00.000Z`."""
    whole, millis = divmod(at_ms, 1000)
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{millis:03d}Z"


def iso_minute(at_ms: int) -> str:
    """Return an instant as X writes it inside error messages: `2026-01-31T12:00Z`."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%MZ")


def parse_iso_ms(text: str) -> int:
    """Read an RFC 3339 date-time with a zone; raise `ValueError` for anything else."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or "T" not in text:
        raise ValueError(f"not an RFC 3339 date-time: {text!r}")
    return round(at.timestamp() * 1000)
