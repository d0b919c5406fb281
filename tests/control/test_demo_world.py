"""The world of the demo is one that can be followed, however many accounts it has."""

from __future__ import annotations

import pytest

from control.demo_world import activity_of, searches_limit

SPONTANEOUS_AN_HOUR = 14.2  # posts of one account at activity 1, as the simulator's `pace` has them


@pytest.mark.parametrize(
    # A clause of the longest name and id is "@" 15 " OR to:" 19 " OR from:" 19: 70 characters, six of them in 512.
    # Each search is asked six times in a window of 30 s.
    ("accounts", "queries"),
    [(1, 1), (5, 1), (24, 4), (100, 17), (300, 50), (500, 84)],
)
def test_searches_of_all_streams_fit_the_window(accounts: int, queries: int) -> None:
    """Each stream can be searched at each interval, a few pages more can be turned, and no more than that."""
    name, _, limit = searches_limit(accounts).partition("=")

    assert name == "search/recent"
    assert queries * 6 < int(limit) <= queries * 6 * 1.25 + 1


@pytest.mark.parametrize("accounts", [1, 5, 24, 25, 100, 300, 500])
def test_more_accounts_do_not_make_a_busier_world(accounts: int) -> None:
    """The present is never more than six times as dense as the last hour, which holds 2,500 posts at most."""
    an_hour = accounts * SPONTANEOUS_AN_HOUR * activity_of(accounts)

    assert an_hour < 6 * min(2_500, an_hour)
