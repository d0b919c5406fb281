"""Reading the limits out of headers."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.models import RateHeaders
from shared.platforms.x.headers import DAY_SECONDS, MAX_CLOCK_DIFFERENCE_SECONDS, WINDOW_SECONDS, rate_headers

NOW = 1_789_997_700.0


def test_all_headers_are_read_in_any_case() -> None:
    """Limits, the 24-hour cap and X's own time are all there."""
    rate = rate_headers(
        {
            "X-Rate-Limit-Limit": "450",
            "x-rate-limit-remaining": "0",
            "X-RATE-LIMIT-RESET": "1789998400",
            "Date": "Mon, 21 Sep 2026 13:33:20 GMT",
            "x-app-limit-24hour-limit": "500",
            "x-app-limit-24hour-remaining": "499",
            "x-app-limit-24hour-reset": "1790084000",
        },
        NOW,
    )

    assert rate == RateHeaders(
        limit=450,
        remaining=0,
        reset_at_seconds=1_789_998_400,
        date_seconds=1_789_997_600.0,
        day_limit=500,
        day_remaining=499,
        day_reset_at_seconds=1_790_084_000,
    )


def test_the_tighter_of_two_daily_caps_counts() -> None:
    """The user's cap is used up first, so it is the one that matters."""
    headers = {
        "x-app-limit-24hour-remaining": "10",
        "x-user-limit-24hour-remaining": "0",
        "x-user-limit-24hour-reset": "1790000009",
    }

    assert rate_headers(headers, NOW).day_remaining == 0
    assert rate_headers(headers, NOW).day_reset_at_seconds == 1_790_000_009


@pytest.mark.parametrize("value", ["", "-1", "1.5", "NaN", "٣", "1" * 30, "inf", "0x10"])
def test_what_is_no_count_is_nothing(value: str) -> None:
    """A broken header never becomes a number."""
    assert rate_headers({"x-rate-limit-remaining": value}, NOW).remaining is None


@given(st.dictionaries(st.sampled_from(["Date", "x-rate-limit-reset", "x-app-limit-24hour-reset"]), st.text()))
def test_no_header_breaks_the_reading(headers: dict[str, str]) -> None:
    """Whatever a gateway puts there, reading it raises nothing."""
    assert isinstance(rate_headers(headers, NOW), RateHeaders)


@given(st.integers(0, 10**19 - 1), st.integers(0, 10**19 - 1), st.none() | st.floats(-(10**7), 10**7))
def test_no_reset_is_further_off_than_its_window_is_long(reset: int, day_reset: int, ahead: float | None) -> None:
    """Whatever X names, and whatever its Date says, by the time that is kept."""
    headers = {"x-rate-limit-reset": str(reset), "x-app-limit-24hour-reset": str(day_reset)}
    if ahead is not None:
        headers["Date"] = formatdate(NOW + ahead, usegmt=True)

    rate = rate_headers(headers, NOW)

    measured = NOW if rate.date_seconds is None else rate.date_seconds
    assert abs(measured - NOW) <= MAX_CLOCK_DIFFERENCE_SECONDS
    assert -61 <= (rate.reset_at_seconds or 0) - measured <= WINDOW_SECONDS + 60
    assert -61 <= (rate.day_reset_at_seconds or 0) - measured <= DAY_SECONDS + 60
