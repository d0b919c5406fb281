"""UTC days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.domain.days import midnight


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 5, 4, tzinfo=UTC),
        datetime(2026, 5, 4, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 5, 5, 1, 30, tzinfo=timezone(timedelta(hours=2))),
    ],
    ids=["its beginning", "its end", "told in another zone"],
)
def test_a_day_begins_at_midnight_utc(moment: datetime) -> None:
    """Wherever the clock that told the time stands."""
    assert midnight(moment) == datetime(2026, 5, 4, tzinfo=UTC)
    assert midnight(moment).tzinfo is UTC
