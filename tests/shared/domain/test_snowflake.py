"""Ids and the times they carry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.snowflake import EPOCH_MS, created_at, first_id_at
from shared.runtime.clock import floor_ms

EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657000, tzinfo=UTC)
moments = st.datetimes(min_value=EPOCH.replace(tzinfo=None), timezones=st.just(UTC))


@settings(deadline=None)
@given(moment=moments)
def test_a_time_survives_the_way_through_an_id(moment: datetime) -> None:
    """The first id of a moment was made at that moment, to the millisecond, until the end of the calendar."""
    assert created_at(first_id_at(moment)) == floor_ms(moment)


@settings(deadline=None)
@given(moment=moments.filter(lambda m: floor_ms(m) > EPOCH))
def test_no_smaller_id_was_made_at_the_moment(moment: datetime) -> None:
    """The id before the first one of a moment belongs to an earlier millisecond."""
    assert created_at(first_id_at(moment) - 1) == floor_ms(moment) - timedelta(milliseconds=1)


@settings(deadline=None)
@given(first=st.integers(0, 1 << 69), second=st.integers(0, 1 << 69))
def test_a_greater_id_is_never_older(first: int, second: int) -> None:
    """The order of ids is the order of their times, past 2^63 as well."""
    assert created_at(min(first, second)) <= created_at(max(first, second))


def test_known_ids_have_their_known_times() -> None:
    """The id of the documentation's example, and the first id of all."""
    assert created_at(1346889436626259968) == datetime(2021, 1, 6, 18, 40, 40, 344000, tzinfo=UTC)
    assert created_at(0) == EPOCH
    assert EPOCH.timestamp() * 1000 == EPOCH_MS


def test_times_before_the_epoch_have_the_first_id() -> None:
    """Nothing was made before."""
    assert first_id_at(EPOCH - timedelta(days=999)) == 0


def test_the_zone_of_a_time_does_not_matter() -> None:
    """The same moment in another zone has the same id."""
    there = timezone(timedelta(hours=5, minutes=30))

    assert first_id_at(datetime(2024, 5, 1, 5, 30, tzinfo=there)) == first_id_at(datetime(2024, 5, 1, tzinfo=UTC))


@pytest.mark.parametrize("post_id", [1 << 70, 10**24, 10**30, 10**60])
def test_an_id_beyond_the_calendar_is_one_kind_of_error(post_id: int) -> None:
    """Ids of the year 10000 and later raise OverflowError."""
    with pytest.raises(OverflowError, match=str(post_id)):
        created_at(post_id)
