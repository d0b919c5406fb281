"""Recent search over HTTP and without: pages, order, bounds, tokens."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.api import Api
from simulator.clock import iso_ms
from simulator.config import Config
from simulator.paging import Cursor, InvalidToken, decode, encode
from simulator.query import parse
from simulator.search import matching
from simulator.snowflake import created_at_ms, first_id_at
from tests.simulator.conftest import START_MS, Server, TurnedClock
from tests.simulator.openapi import faults

PATH = "/2/tweets/search/recent"
COUNTS = "/2/tweets/counts/recent"
DAY_MS = 86_400_000


def ask(api: Api, path: str = PATH, **params: Any) -> tuple[int, dict[str, Any]]:
    """Ask a simulator without HTTP; return status and body."""
    answer = api.answer("GET", path, urlencode(params), "Bearer sim-a", "http://sim")
    return answer.status, json.loads(answer.body)


def read_all(api: Api, clock: TurnedClock, step_seconds: float, **params: Any) -> list[int]:
    """Read every page, moving time on before each, and return the ids in the order they came."""
    found: list[int] = []
    token: dict[str, Any] = {}
    while True:
        status, body = ask(api, **params, **token)
        assert status == 200, body
        found += [int(post["id"]) for post in body.get("data", [])]
        if "next_token" not in body["meta"]:
            return found
        token = {"next_token": body["meta"]["next_token"]}
        clock.turn(step_seconds)


@given(
    st.sampled_from(["football OR plan", "team -is:retweet", "#ai OR market", "new has:media", "from:nobody"]),
    st.sampled_from([10, 37, 100]),
    st.integers(0, 40),
    st.sampled_from(["recency", "relevancy"]),
)
@settings(max_examples=4, deadline=None)
def test_pages_join_to_the_truth_while_the_world_grows(query: str, size: int, step: int, order: str) -> None:
    """All pages together are the posts of the truth at the first page, each once, without the deleted since."""
    clock = TurnedClock()
    api = Api(Config(accounts=3, activity=40, history_hours=0.5), clock)
    clock.turn(300)
    api.world.advance(clock.now_ms)
    below_id = first_id_at(clock.now_ms - 30_000 + 1)
    at_first = {post.id for post in matching(api.world, parse(query), 0, below_id)}
    found = read_all(api, clock, step, query=query, max_results=size, sort_order=order)

    assert len(found) == len(set(found))
    assert set(found) <= at_first
    assert all(not api.world.index.by_id[lost].searchable for lost in at_first - set(found))
    if order == "recency":
        assert found == sorted(found, reverse=True)


def test_polling_with_since_id_misses_nothing(busy_server: Server) -> None:
    """Polls that keep the newest id of each first page find every post that the truth says was findable."""
    newest, seen = "0", set[str]()
    began = str(busy_server.truth("health")["now"])
    first = busy_server.get(PATH, query="team OR plan", max_results=10).json()
    newest = first["meta"]["newest_id"]
    for _ in range(25):
        params: dict[str, Any] = {"query": "team OR plan", "max_results": 100, "since_id": newest}
        body = busy_server.get(PATH, **params).json()
        seen |= {post["id"] for post in body.get("data", [])}
        first_newest = body["meta"].get("newest_id", newest)
        while "next_token" in body["meta"]:
            body = busy_server.get(PATH, **params, next_token=body["meta"]["next_token"]).json()
            seen |= {post["id"] for post in body.get("data", [])}
        newest = first_newest

    records = busy_server.truth("posts", query="team OR plan", since=began)["posts"]
    due = {
        record["id"]
        for record in records
        if int(first["meta"]["newest_id"]) < int(record["id"]) <= int(newest) and record["unsearchable_at"] is None
    }
    assert due <= seen


def test_young_posts_are_hidden_until_the_lag_has_passed(api: Api, clock: TurnedClock) -> None:
    """A search without end_time shows nothing younger than the lag, and everything of that age."""
    clock.turn(600)
    _, body = ask(api, query="team OR plan OR new OR market", max_results=100)
    newest = created_at_ms(int(body["meta"]["newest_id"]))

    _, direct = ask(api, query="team OR plan OR new OR market", max_results=100, end_time=iso_ms(clock.now_ms - 10_000))

    assert newest <= clock.now_ms - 30_000
    assert created_at_ms(int(direct["meta"]["newest_id"])) > newest


def test_bounds_are_exclusive_and_inclusive_as_documented(still_api: Api) -> None:
    """since_id and until_id leave out their own posts; start_time is inclusive and end_time exclusive."""
    _, body = ask(still_api, query="team", max_results=10)
    ids = [int(post["id"]) for post in body["data"]]

    _, between = ask(still_api, query="team", max_results=10, since_id=ids[5], until_id=ids[1])
    times = {"start_time": iso_ms(created_at_ms(ids[5])), "end_time": iso_ms(created_at_ms(ids[1]))}
    _, timed = ask(still_api, query="team", max_results=10, **times)

    assert [int(post["id"]) for post in between["data"]] == ids[2:5]
    assert [int(post["id"]) for post in timed["data"]] == ids[2:6]


def test_a_stale_since_id_is_answered_with_one_that_works() -> None:
    """The 400 names the oldest usable id, and that id is good a few seconds later."""
    clock = TurnedClock()
    api = Api(Config(accounts=3), clock)
    stale = first_id_at(START_MS - 8 * DAY_MS)

    status, body = ask(api, query="team", since_id=stale)
    message = body["errors"][0]["message"]
    clock.turn(5)
    offered = message.rsplit(" ", 1)[1]
    again, _ = ask(api, query="team", since_id=offered)

    assert status == 400
    assert message.startswith("'since_id' must be a tweet id created after 20")
    assert "Please use a 'since_id' that is larger than " in message
    assert body["errors"][0]["parameters"] == {"since_id": [str(stale)]}
    assert again == 200


def test_only_seven_days_are_searched() -> None:
    """Nothing older than seven days is found, though the world and the truth have it."""
    clock = TurnedClock()
    api = Api(Config(accounts=3, history_hours=240), clock)

    found = read_all(api, clock, 0, query="team OR plan OR new OR market", max_results=100)

    assert min(map(created_at_ms, found)) >= START_MS - 7 * DAY_MS
    assert api.world.index.posts[0].created_at_ms < START_MS - 9 * DAY_MS


def test_requests_that_x_refuses_are_refused(still_api: Api) -> None:
    """Each bad request is a 400 whose message names the fault."""
    recent = iso_ms(START_MS - 3_600_000)
    bad: list[tuple[dict[str, Any], str]] = [
        ({"query": "team", "max_results": 9}, "[9] is not between 10 and 100"),
        ({"query": "team", "max_results": 101}, "[101] is not between 10 and 100"),
        ({}, "`query` query parameter can not be empty"),
        ({"query": "x" * 513}, "at most 512"),
        ({"query": "team", "since_id": 5 << 60, "start_time": recent}, "in conjunction with 'start_time'"),
        ({"query": "team", "start_time": "yesterday"}, "not a valid RFC3339"),
        ({"query": "team", "start_time": iso_ms(START_MS - 8 * DAY_MS)}, "must be on or after"),
        ({"query": "team", "end_time": iso_ms(START_MS)}, "a minimum of 10 seconds prior"),
        ({"query": "team", "since_id": "abc"}, "[abc] is not valid"),
        ({"query": "team", "since_id": "9" * 20}, "is not valid"),
        ({"query": "team", "next_token": "b26v89c19zqg8o3fscb69s6"}, "is not a valid token"),
        ({"query": "team", "previous": "1"}, "The query parameter [previous] is not one of [query,"),
        ({"query": "has:media"}, "standalone"),
        ({"query": "team", "tweet.fields": "colour"}, "[colour] is not one of ["),
    ]

    for params, said in bad:
        status, body = ask(still_api, **params)

        assert status == 400, params
        assert body["title"] == "Invalid Request"
        assert said in body["errors"][0]["message"]


def test_a_token_belongs_to_its_request(still_api: Api) -> None:
    """A token of one query is refused by another, and works again and again with its own."""
    _, body = ask(still_api, query="team", max_results=10)
    token = body["meta"]["next_token"]

    assert ask(still_api, query="plan", max_results=10, next_token=token)[0] == 400
    assert ask(still_api, query="team", max_results=10, next_token=token) == ask(
        still_api, query="team", max_results=10, pagination_token=token
    )


@settings(max_examples=60)
@given(st.tuples(*[st.integers(0, 2**63 - 1)] * 3), st.text(max_size=20), st.integers(0, 40))
def test_tokens_are_read_back_and_tampering_is_noticed(ids: tuple[int, int, int], scope: str, at: int) -> None:
    """A token gives back its cursor; with one character changed it is refused."""
    token = encode(Cursor(*ids), scope)
    at %= len(token)
    changed = token[:at] + ("1" if token[at] == "0" else "0") + token[at + 1 :]

    assert decode(token, scope) == Cursor(*ids)
    try:
        assert decode(changed, scope) == Cursor(*ids)
    except InvalidToken:
        return
    # The last character has unused bits; nothing else may pass.
    assert at == len(token) - 1


@pytest.mark.parametrize("granularity", ["minute", "hour", "day"])
@pytest.mark.parametrize("query", ["team", "from:{name} -is:retweet", "(#ai OR market) lang:en"])
def test_counts_are_the_number_of_posts(still_api: Api, granularity: str, query: str) -> None:
    """The counts of any query, by any step, are the posts that the search gives, and the steps join."""
    query = query.format(name=still_api.world.accounts.tracked[0].username)
    found = read_all(still_api, TurnedClock(), 0, query=query, max_results=100)
    starts = {"start_time": iso_ms(START_MS - 2 * DAY_MS)} if granularity == "minute" else {}

    _, body = ask(still_api, COUNTS, query=query, granularity=granularity, **starts)

    steps = body["data"]
    assert body["meta"]["total_post_count"] == len(found) == sum(step["post_count"] for step in steps)
    assert [step["end"] for step in steps[:-1]] == [step["start"] for step in steps[1:]]
    for step in steps:
        inside = [post_id for post_id in found if step["start"] <= iso_ms(created_at_ms(post_id)) < step["end"]]
        assert step["post_count"] == len(inside)


def test_counts_have_the_names_of_the_dialect_asked_for(still_api: Api) -> None:
    """`tweet_count` is the old dialect, `post_count` the new; a request without either gets both, and both agree."""
    asked = ({"search_count.fields": "start,tweet_count"}, {"search_count.fields": "post_count"}, {})

    bodies = [ask(still_api, COUNTS, query="team", granularity="day", **fields)[1] for fields in asked]

    names = [{name for name in body["data"][0] if name.endswith("_count")} for body in bodies]
    assert names == [{"tweet_count"}, {"post_count"}, {"tweet_count", "post_count"}]
    totals = [set(body["meta"]) for body in bodies]
    assert totals == [{"total_tweet_count"}, {"total_post_count"}, {"total_tweet_count", "total_post_count"}]
    assert len({count for body in bodies for count in body["meta"].values()}) == 1
    assert faults("old", COUNTS, bodies[0]) == faults("new", COUNTS, bodies[1]) == []
    assert faults("old", COUNTS, bodies[2]) == faults("new", COUNTS, bodies[2]) == []


def test_accounts_are_searched_by_name_and_by_id(still_api: Api) -> None:
    """`from:`, `to:` and `retweets_of:` take a name in any case or a numeric id; `@` takes a name."""
    for operator in ("from", "to", "retweets_of"):
        account = next(
            author
            for author in still_api.world.accounts.tracked
            if "data" in ask(still_api, query=f"{operator}:{author.username}")[1]
        )

        by_name, by_case, by_id = (
            ask(still_api, query=f"{operator}:{value}", max_results=100)
            for value in (account.username, account.username.upper(), account.id)
        )

        assert by_name[1]["data"] == by_id[1]["data"] == by_case[1]["data"]
    assert ask(still_api, query=f"@{account.username}")[1]["data"]
    assert "data" not in ask(still_api, query=f"@{account.id}")[1]
