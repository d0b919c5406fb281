"""Owns the days and months by which money is counted.

It must not read a clock. Invariant: days are numbered from the Unix epoch, so a day of 86,400 s is a UTC
day; a month is a calendar month of UTC, or 30 days where a day was given another length.
"""

from datetime import UTC, datetime

from simulator.clock import iso_ms

DAY_SECONDS = 86_400.0
DAYS_A_SHORT_MONTH = 30


class Calendar:
    """Days of `day_seconds`; with anything but 86,400 a test crosses midnight as often as it likes."""

    def __init__(self, day_seconds: float) -> None:
        self.day_ms = round(day_seconds * 1000)
        self.real = day_seconds == DAY_SECONDS
        self._months: dict[int, int] = {}

    def day(self, at_ms: int) -> int:
        """Return the number of the day that an instant falls on."""
        return at_ms // self.day_ms

    def starts_at_ms(self, day: int) -> int:
        """Return the first instant of a day."""
        return day * self.day_ms

    def month(self, day: int) -> int:
        """Return the number of the month that a day falls in; numbers rise with time and have no other meaning."""
        if not self.real:
            return day // DAYS_A_SHORT_MONTH
        if day not in self._months:
            at = datetime.fromtimestamp(self.starts_at_ms(day) // 1000, UTC)
            self._months[day] = at.year * 12 + at.month - 1
        return self._months[day]

    def label(self, day: int) -> str:
        """Name a day for a reader: its date, or the instant it starts where days are short."""
        start = iso_ms(self.starts_at_ms(day))
        return start[:10] if self.real else start


def next_month(at_ms: int) -> str:
    """Return the date, `2026-12-01`, of the first day after the month of an instant."""
    at = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{at.year + at.month // 12}-{at.month % 12 + 1:02d}-01"
