"""Time, passed in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.runtime.clock import ManualClock, SystemClock, epoch_seconds, floor_ms, from_epoch_seconds


def test_the_systems_time_is_aware_and_has_whole_milliseconds() -> None:
    """What MongoDB would cut off is not there in the first place, so a time read back equals the one written."""
    now = SystemClock().now()

    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_manual_clock_moves_only_when_told() -> None:
    """It stands still, goes forward, and back."""
    clock = ManualClock(datetime(2024, 5, 1, tzinfo=UTC))

    clock.advance(90)
    clock.advance(-30)

    assert clock.now() == clock.now() == datetime(2024, 5, 1, 0, 1, tzinfo=UTC)


@settings(deadline=None)
@given(moment=st.datetimes(timezones=st.just(UTC)))
def test_cutting_to_milliseconds_takes_less_than_one_and_is_done_once(moment: datetime) -> None:
    """The result is at most a millisecond earlier, and cutting it again changes nothing."""
    cut = floor_ms(moment)

    assert timedelta(0) <= moment - cut < timedelta(milliseconds=1)
    assert floor_ms(cut) == cut


@settings(deadline=None)
@given(seconds=st.integers(0, 4 * 10**9))
def test_epoch_seconds_go_there_and_back(seconds: int) -> None:
    """An epoch time is the aware moment, and the moment is the epoch time."""
    assert epoch_seconds(from_epoch_seconds(seconds)) == seconds
    assert from_epoch_seconds(seconds).tzinfo is UTC
