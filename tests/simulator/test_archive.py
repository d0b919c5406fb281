"""The search of the archive: how far it reaches, how much it gives, how fast, and for whom."""

from typing import Any
from urllib.parse import urlencode

import pytest

from simulator.api import Api
from simulator.clock import iso_ms
from simulator.config import Config
from simulator.snowflake import created_at_ms, first_id_at
from tests.simulator.conftest import START_MS, TurnedClock
from tests.simulator.test_search import DAY_MS, ask, read_all

ALL = "/2/tweets/search/all"
WORDS = "team OR plan OR new OR market"


@pytest.fixture(scope="module")
def old_api() -> Api:
    """A simulator with forty days behind it, whose clock stands still; it may be asked at any pace."""
    config = Config(accounts=4, activity=1, history_hours=24 * 40, per_second={"search/all": 1_000})
    return Api(config, TurnedClock())


def _all_of(api: Api, **params: Any) -> list[int]:
    found: list[int] = []
    token: dict[str, Any] = {}
    while True:
        status, body = ask(api, ALL, max_results=500, **params, **token)
        assert status == 200, body
        found += [int(post["id"]) for post in body.get("data", [])]
        if "next_token" not in body["meta"]:
            return found
        token = {"next_token": body["meta"]["next_token"]}


def test_it_reaches_beyond_seven_days(old_api: Api) -> None:
    """With a start it gives every post of the world that can be found, newest first; without one those of 30 days."""
    everything = _all_of(old_api, query=WORDS, start_time=iso_ms(START_MS - 41 * DAY_MS))
    by_id = _all_of(old_api, query=WORDS, since_id=first_id_at(START_MS - 41 * DAY_MS))
    month = _all_of(old_api, query=WORDS)

    words = set(WORDS.split(" OR "))
    findable = [
        post.id
        for post in reversed(old_api.world.index.posts)
        if post.searchable and not post.retweet_of and words & set(post.words)
    ]
    lag_id = first_id_at(START_MS - 30_000 + 1)
    assert everything == by_id == [post_id for post_id in findable if post_id < lag_id]
    assert created_at_ms(everything[-1]) < START_MS - 38 * DAY_MS
    assert month == [post_id for post_id in everything if created_at_ms(post_id) >= START_MS - 30 * DAY_MS]


def test_a_week_is_the_same_by_both_searches(old_api: Api) -> None:
    """Over the last seven days the archive gives what the recent search gives, in a fifth of the pages."""
    start = iso_ms(START_MS - 6 * DAY_MS)

    recent = read_all(old_api, TurnedClock(), 0, query=WORDS, max_results=100, start_time=start)

    assert _all_of(old_api, query=WORDS, start_time=start) == recent
    _, page = ask(old_api, ALL, query=WORDS, max_results=500, start_time=start)
    assert len(page["data"]) == min(500, len(recent)) > 100


def test_queries_may_be_twice_as_long(old_api: Api) -> None:
    """1,024 characters are taken, one more is not; pages end at 500."""
    fits, long = ("x" * length for length in (1024, 1025))

    assert ask(old_api, ALL, query=fits)[0] == 200
    assert "at most 1024" in ask(old_api, ALL, query=long)[1]["errors"][0]["message"]
    assert "between 10 and 500" in ask(old_api, ALL, query="a", max_results=501)[1]["errors"][0]["message"]
    early = ask(old_api, ALL, query="a", start_time="2006-03-20T00:00:00Z")[1]
    assert "must be on or after 2006-03-21" in early["errors"][0]["message"]


def test_one_call_a_second_passes() -> None:
    """The second call within a second is 429 with calls left; a second later it is answered."""
    clock = TurnedClock()
    api = Api(Config(accounts=2, history_hours=1), clock)

    def call() -> Any:
        return api.answer("GET", ALL, urlencode({"query": "team"}), "Bearer sim-a", "http://sim")

    first, second = call(), call()
    clock.turn(1)

    assert [first.status, second.status, call().status] == [200, 429, 200]
    assert second.headers["x-rate-limit-remaining"] == "299"


def test_it_is_for_the_app_alone_and_for_plans_that_have_it() -> None:
    """A user's token is 403 with the kinds it takes; where the plan lacks it, 403 as X words it, and free."""
    config = {"accounts": 2, "history_hours": 1}
    query = urlencode({"query": "team"})
    users = Api(Config(**config), TurnedClock()).answer("GET", ALL, query, "Bearer sim-user-a", "http://sim")
    api = Api(Config(**config, archive=False), TurnedClock())

    status, body = ask(api, ALL, query="team")

    assert users.status == 403
    assert b"Unsupported Authentication" in users.body
    assert (status, body["title"], body["reason"]) == (403, "Client Forbidden", "client-not-enrolled")
    assert ask(api, query="team")[0] == 200
    assert set(api.ledger.bill()["by_endpoint"]) == {"search/recent"}


def test_a_post_costs_the_same_by_either_search(old_api: Api) -> None:
    """$0.005 for a post, and nothing for one that was bought that day by the other search."""
    before = old_api.ledger.bill()["posts_bought"]
    api = Api(Config(accounts=3, history_hours=12), TurnedClock())

    _, first = ask(api, ALL, query=WORDS, max_results=50)
    ask(api, query=WORDS, max_results=50)

    bill = api.ledger.bill()
    assert before >= 0
    assert (bill["posts_bought"], bill["posts_reread"]) == (len(first["data"]), len(first["data"]))
    assert bill["micro_usd"] == 5_000 * len(first["data"])
