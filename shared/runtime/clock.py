"""Time, passed in. The only module that asks the machine for it.

Invariant: every datetime is aware and in UTC; nothing outside this module calls `time.time` or `datetime.now`.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Anything that knows the time."""

    def now(self) -> datetime:
        """The present time, aware, in UTC."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """The present time of this machine, with the millisecond grain that MongoDB keeps."""
        return floor_ms(datetime.fromtimestamp(time.time(), UTC))


class ManualClock:
    """A clock that moves only when told to: for tests and simulations."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """The time it was last set to."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move forward (or back, when negative) by `seconds`."""
        self._now += timedelta(seconds=seconds)


def floor_ms(moment: datetime) -> datetime:
    """The moment cut down to whole milliseconds, the grain of BSON dates and of snowflake ids."""
    excess = moment.microsecond % 1000  # X's times have none, and a page has hundreds of them
    return moment.replace(microsecond=moment.microsecond - excess) if excess else moment


def epoch_seconds(moment: datetime) -> float:
    """Seconds since the Unix epoch."""
    return moment.timestamp()


def from_epoch_seconds(seconds: float) -> datetime:
    """The aware UTC datetime of an epoch time."""
    return datetime.fromtimestamp(seconds, UTC)
