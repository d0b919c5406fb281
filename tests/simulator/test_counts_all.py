"""Counts of the archive: pages of 31 days, and what one costs."""

from typing import Any

import pytest

from simulator.api import Api
from simulator.clock import iso_ms, parse_iso_ms
from simulator.config import Config
from simulator.snowflake import created_at_ms
from tests.simulator.conftest import START_MS, TurnedClock
from tests.simulator.openapi import faults
from tests.simulator.test_archive import _all_of
from tests.simulator.test_search import COUNTS, DAY_MS, ask

COUNTS_ALL = "/2/tweets/counts/all"


@pytest.fixture(scope="module")
def old_api() -> Api:
    """A simulator with seventy days behind it, of which sixty have posts, and a clock that stands still."""
    config = Config(accounts=2, activity=0.5, history_hours=24 * 60, per_second={"search/all": 1_000})
    return Api(config, TurnedClock())


def _pages(api: Api, **params: Any) -> list[dict[str, Any]]:
    pages: list[dict[str, Any]] = []
    token: dict[str, Any] = {}
    while True:
        status, body = ask(api, COUNTS_ALL, **params, **token)
        assert status == 200, body
        pages.append(body)
        if "next_token" not in body["meta"]:
            return pages
        token = {"next_token": body["meta"]["next_token"]}


@pytest.mark.parametrize("granularity", ["hour", "day"])
@pytest.mark.parametrize("query", ["team OR plan", "from:{name} -is:retweet"])
def test_pages_join_and_count_what_the_search_gives(old_api: Api, granularity: str, query: str) -> None:
    """Seventy days come in three pages, the newest first, without a gap; each step counts what a search finds in it."""
    query = query.format(name=old_api.world.accounts.tracked[0].username)
    start = iso_ms(START_MS - 70 * DAY_MS)
    found = _all_of(old_api, query=query, start_time=start)

    pages = _pages(old_api, query=query, granularity=granularity, start_time=start)

    steps = [step for page in reversed(pages) for step in page["data"]]
    assert len(pages) == 3
    assert steps[0]["start"] == start
    assert [step["end"] for step in steps[:-1]] == [step["start"] for step in steps[1:]]
    for page in pages:
        times = parse_iso_ms(page["data"][-1]["end"]) - parse_iso_ms(page["data"][0]["start"])
        assert times <= 31 * DAY_MS
        assert page["meta"]["total_post_count"] == sum(step["post_count"] for step in page["data"])
        assert faults("old", COUNTS_ALL, page) == faults("new", COUNTS_ALL, page) == []
    for step in steps:
        inside = [post_id for post_id in found if step["start"] <= iso_ms(created_at_ms(post_id)) < step["end"]]
        assert step["post_count"] == len(inside)


def test_both_counts_agree_on_the_last_week(old_api: Api) -> None:
    """Over the same days both say the same."""
    asked = {"query": "team", "granularity": "day", "start_time": iso_ms(START_MS - 6 * DAY_MS)}

    assert ask(old_api, COUNTS_ALL, **asked)[1]["data"] == ask(old_api, COUNTS, **asked)[1]["data"]


def test_a_request_costs_twice_as_much_as_a_recent_one() -> None:
    """$0.010 a page, whatever it counts; only for the app, and where the plan has the archive."""
    api = Api(Config(accounts=2, history_hours=2), TurnedClock())
    pages = _pages(api, query="team", start_time=iso_ms(START_MS - 40 * DAY_MS))
    poor = Api(Config(accounts=2, history_hours=2, archive=False), TurnedClock())

    bill = api.ledger.bill()
    assert (len(pages), bill["counts_all_requests"], bill["counts_requests"], bill["micro_usd"]) == (2, 2, 0, 20_000)
    assert ask(poor, COUNTS_ALL, query="team")[0] == 403
    assert api.answer("GET", COUNTS_ALL, "query=team", "Bearer sim-user-a", "http://sim").status == 403
