"""Quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import InputError
from shared.domain.quiet_hours import QuietHours, quiet_hours

TIMES = st.times().map(lambda one: one.replace(second=0, microsecond=0))
ZONES = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))
MOMENTS = st.integers(0, 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


def at(text: str) -> datetime:
    """A moment of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "now", "ends"),
    [
        ("UTC", "2026-11-28T21:59:59", None),
        ("UTC", "2026-11-28T22:00", "2026-11-29T07:00"),
        ("UTC", "2026-11-29T06:59:59", "2026-11-29T07:00"),
        ("UTC", "2026-11-29T07:00", None),
        ("Europe/Berlin", "2026-11-28T21:00", "2026-11-29T06:00"),
        ("Europe/Berlin", "2026-07-28T20:00", "2026-07-29T05:00"),
        ("Asia/Kathmandu", "2026-11-28T16:20", "2026-11-29T01:15"),
    ],
)
def test_hours_through_midnight(zone: str, now: str, ends: str | None) -> None:
    """22 to 7 by the clocks of the zone, summer or winter."""
    assert quiet_hours("22:00-07:00", zone).until(at(now)) == (at(ends) if ends else None)


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-10-25T00:10", "2026-10-25T00:30"),
        ("2026-10-25T00:40", None),
        ("2026-10-25T01:10", "2026-10-25T01:30"),
        ("2026-03-29T00:30", "2026-03-29T01:30"),
    ],
    ids=["first 2:10", "first 2:40", "second 2:10", "no 2:30 that night"],
)
def test_the_nights_when_clocks_change(now: str, ends: str | None) -> None:
    """An hour that comes twice is twice in the quiet hours; one that does not come ends them when it would have."""
    assert quiet_hours("01:00-02:30", "Europe/Berlin").until(at(now)) == (at(ends) if ends else None)


@given(TIMES, TIMES, ZONES, MOMENTS)
def test_quiet_hours_end(begin: time, end: time, zone: timezone, now: datetime) -> None:
    """They end within a day, at their end by the zone's clocks, and it is not quiet then."""
    hours = QuietHours(begin, end, zone)

    ends_at = hours.until(now)

    if ends_at is not None:
        assert now < ends_at <= now + timedelta(days=1)
        assert ends_at.astimezone(zone).time() == end
        assert hours.until(ends_at) is None


@given(TIMES, TIMES, MOMENTS)
def test_two_halves_make_a_day(begin: time, end: time, now: datetime) -> None:
    """It is quiet from the one to the other, or from the other to the one."""
    if begin != end:
        both = [QuietHours(one, other, UTC).until(now) for one, other in ((begin, end), (end, begin))]
        assert sum(one is not None for one in both) == 1


@pytest.mark.parametrize("text", ["22-7", "22:00", "24:00-07:00", "22:60-07:00", "07:00-07:00", "at night", ""])
def test_no_hours(text: str) -> None:
    """What says no two times is refused."""
    with pytest.raises(InputError):
        quiet_hours(text, "UTC")


@pytest.mark.parametrize("zone", ["Berlin", "", "/etc/passwd", "../x", "Europe"])
def test_no_zone(zone: str) -> None:
    """A zone that is none is refused with an example."""
    with pytest.raises(InputError, match="Europe/Berlin"):
        quiet_hours("22:00-07:00", zone)
