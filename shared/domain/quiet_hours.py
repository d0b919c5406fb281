"""Hours of the day in which nobody is to be woken, and when they end. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from shared.domain.errors import InputError

_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one time of the day to another, which may be on the next day; by the clocks of a zone."""

    begin: time
    end: time
    zone: tzinfo

    def until(self, now: datetime) -> datetime | None:
        """When they end (UTC), where they are now; else None. The hour that clocks show twice is there twice."""
        local = now.astimezone(self.zone)
        clock = local.time()
        through_midnight = self.begin > self.end
        if not (clock >= self.begin or clock < self.end if through_midnight else self.begin <= clock < self.end):
            return None
        day = local.date() + timedelta(days=through_midnight and clock >= self.begin)
        # Of a time that comes twice, the one that is still to come.
        ends = (datetime.combine(day, self.end.replace(fold=fold), self.zone).astimezone(UTC) for fold in (0, 1))
        return next((at for at in ends if at > now), None)


def quiet_hours(text: str, zone: str) -> QuietHours:
    """The hours of a text such as `22:00-07:00`. Raises InputError for one that says none, and for an unknown zone."""
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise InputError("write two times of the day, such as 22:00-07:00")
    begin, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    if begin == end:
        raise InputError("begin and end are the same time")
    return QuietHours(begin, end, zone_of(zone))


def zone_of(name: str) -> ZoneInfo:
    """The time zone of a name. Raises InputError for one that is unknown."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # a path, a folder of zones, no such zone
        raise InputError("name a time zone, such as Europe/Berlin") from None
