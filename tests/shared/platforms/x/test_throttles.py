"""The four kinds of 429 and their waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.domain.errors import BurstExceeded, DailyCapExceeded, Throttled, UsageCapExceeded, WindowExceeded
from shared.domain.models import JsonObject, RateHeaders
from shared.platforms.x import throttles
from shared.platforms.x.throttles import throttled
from shared.runtime.clock import from_epoch_seconds

NOW = 1_790_000_000
HEADERS = RateHeaders(limit=450, remaining=0, reset_at_seconds=NOW + 600, date_seconds=float(NOW))
PLAIN: JsonObject = {"title": "Too Many Requests", "detail": "Too Many Requests", "type": "about:blank", "status": 429}
OLD_PLAIN: JsonObject = {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}
CAP: JsonObject = {
    "account_id": 1,
    "title": "UsageCapExceeded",
    "detail": "Usage cap exceeded: Monthly product cap",
    "type": "https://api.twitter.com/2/problems/usage-capped",
    "period": "Monthly",
    "scope": "Product",
}


@pytest.mark.parametrize("problem", [PLAIN, OLD_PLAIN, {}])
def test_the_window_lasts_until_its_reset_by_the_clock_of_x(problem: JsonObject) -> None:
    """Whatever the body says and the local clock shows: reset minus Date."""
    error = throttled("search/recent", problem, HEADERS)

    assert type(error) is WindowExceeded
    assert error.wait_seconds == 600
    assert error.until == from_epoch_seconds(NOW + 600)


def test_room_left_means_the_rule_of_one_a_second() -> None:
    """The 15-minute window is not the reason, so the wait is seconds."""
    error = throttled("search/recent", PLAIN, replace(HEADERS, remaining=12))

    assert type(error) is BurstExceeded
    assert 1 < error.wait_seconds < 2


def test_the_daily_cap_lasts_until_its_own_reset() -> None:
    """It outlasts the window, whether that has room or not."""
    rate = replace(HEADERS, remaining=3, day_remaining=0, day_reset_at_seconds=NOW + 40_000)

    error = throttled("search/recent", PLAIN, rate)

    assert type(error) is DailyCapExceeded
    assert (error.wait_seconds, error.until) == (40_000, from_epoch_seconds(NOW + 40_000))


@pytest.mark.parametrize("remaining", [0, 39_999, None])
@pytest.mark.parametrize(
    ("period", "now", "until"),
    [
        ("Daily", (2026, 11, 22, 8, 30), (2026, 11, 23)),
        ("Daily", (2026, 12, 31, 23, 59, 59), (2027, 1, 1)),
        ("Fortnightly", (2026, 11, 22, 8, 30), (2026, 11, 23)),
        ("Monthly", (2026, 11, 22, 8, 30), (2026, 12, 1)),
        ("Monthly", (2026, 12, 1), (2027, 1, 1)),
        ("Monthly", (2027, 1, 31, 23, 59, 59), (2027, 2, 1)),
        ("Monthly", (2028, 2, 28, 12), (2028, 3, 1)),
    ],
)
def test_a_usage_cap_lasts_until_its_day_or_month_ends(
    period: str, now: tuple[int, ...], until: tuple[int, int, int], remaining: int | None
) -> None:
    """However much room the window shows, it ends with the day or the calendar month of X's date, in UTC."""
    date, end = datetime(*now, tzinfo=UTC), datetime(*until, tzinfo=UTC)  # type: ignore[misc, arg-type]
    rate = replace(HEADERS, remaining=remaining, date_seconds=date.timestamp())

    error = throttled("search/recent", CAP | {"period": period}, rate)

    assert isinstance(error, UsageCapExceeded)
    assert (error.period, error.until) == (period.lower(), end)
    assert error.wait_seconds == (end - date).total_seconds()


def test_a_usage_cap_is_known_by_its_type_alone() -> None:
    """The title may change with the dialect; the end of the type does not."""
    error = throttled("search/recent", {"type": "https://api.x.com/2/problems/usage-capped"}, HEADERS)

    assert isinstance(error, UsageCapExceeded)
    assert error.period == "unknown"


@pytest.mark.parametrize(
    ("problem", "rate", "wait"),
    [
        (PLAIN, RateHeaders(), throttles.UNKNOWN_WINDOW_SECONDS),
        (PLAIN, RateHeaders(reset_at_seconds=NOW + 600), throttles.UNKNOWN_WINDOW_SECONDS),
        (PLAIN, RateHeaders(day_remaining=0), throttles.UNKNOWN_DAY_SECONDS),
        (CAP, RateHeaders(), throttles.UNKNOWN_CAP_SECONDS),
    ],
)
def test_without_headers_there_is_a_default_and_no_end(problem: JsonObject, rate: RateHeaders, wait: float) -> None:
    """A reset without X's Date cannot be placed: our clock is no measure of it."""
    error: Throttled = throttled("search/recent", problem, rate)

    assert (error.wait_seconds, error.until) == (wait, None)


@pytest.mark.parametrize(("reset", "wait"), [(NOW - 5, 1), (NOW, 1), (NOW + 10**9, throttles.MAX_WAIT_SECONDS)])
def test_waits_are_bounded(reset: int, wait: float) -> None:
    """A reset that is past, or absurd, gives neither a busy loop nor an endless pause."""
    assert throttled("search/recent", PLAIN, replace(HEADERS, reset_at_seconds=reset)).wait_seconds == wait
