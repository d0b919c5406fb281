"""Orders to a running simulator: strangers, cuts, credits; and what it says of its windows."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from simulator.api import Api
from simulator.clock import iso_ms
from simulator.config import Config
from simulator.control import Control
from tests.simulator.conftest import Server, TurnedClock
from tests.simulator.test_search import ask


def _order(small_server: Server, name: str, **body: Any) -> tuple[int, dict[str, Any]]:
    answer = small_server.session.post(f"{small_server.url}/_sim/{name}", json=body, timeout=5)
    return answer.status_code, answer.json()


def _left(small_server: Server, token: str, endpoint: str = "/2/tweets", **params: Any) -> tuple[int, int, int]:
    answer = small_server.get(endpoint, token, **(params or {"ids": 1}))
    headers = answer.headers
    return answer.status_code, int(headers["x-rate-limit-limit"]), int(headers["x-rate-limit-remaining"])


def test_a_stranger_spends_the_same_token(small_server: Server) -> None:
    """What a stranger spends is gone for the holder of the token, and for nobody else."""
    before = _left(small_server, "sim-shared")
    spent = _order(small_server, "spend", token="sim-shared", endpoint="tweets", calls=3400)
    after, other = _left(small_server, "sim-shared"), _left(small_server, "sim-alone")
    more = _order(small_server, "spend", token="sim-shared", endpoint="tweets", calls=500)

    assert (before, after, other) == ((200, 3500, 3499), (200, 3500, 98), (200, 3500, 3499))
    assert spent[1].items() >= {"spent": 3400, "limit": 3500, "remaining": 99}.items()
    assert more[1]["spent"] == 98
    assert _left(small_server, "sim-shared")[0] == 429


def test_a_limit_is_cut_in_the_middle_of_a_window(small_server: Server) -> None:
    """After a cut the next answer shows the new limit less what was spent; the one after the last is 429."""
    search: dict[str, Any] = {"endpoint": "/2/tweets/search/recent", "query": "team"}
    before = [_left(small_server, "sim-cut", **search) for _ in range(3)]
    _order(small_server, "limits", endpoint="search/recent", limit=4, token="sim-cut", lasting=False)
    after = [_left(small_server, "sim-cut", **search) for _ in range(2)]

    assert before[-1] == (200, 450, 447)
    assert after == [(200, 4, 0), (429, 4, 0)]
    assert _left(small_server, "sim-uncut", **search) == (200, 450, 449)


def test_the_windows_say_how_much_was_used(small_server: Server) -> None:
    """Every window is listed with its limit, its calls and its refusals, and no real token is."""
    _order(small_server, "limits", endpoint="retweeted_by", limit=4)
    for _ in range(5):
        small_server.get("/2/tweets/1/retweeted_by", "very-secret")

    (window,) = small_server.truth("windows", endpoint="retweeted_by")["windows"]
    everything = small_server.get("/_sim/windows", None).text + small_server.get("/_sim/bill", None).text

    assert {name: window[name] for name in ("limit", "granted", "strangers", "refused", "share", "past")} == {
        "limit": 4,
        "granted": 4,
        "strangers": 0,
        "refused": 1,
        "share": 1.0,
        "past": False,
    }
    assert window["token"].startswith("token-")
    assert "very-secret" not in everything


def test_no_count_is_lost_among_many_callers(small_server: Server) -> None:
    """Of 160 calls by 8 threads to a window of 75 exactly 75 pass, and windows, calls and bill agree."""
    (before, billed) = (small_server.truth(name) for name in ("calls", "bill"))

    def call(_: int) -> int:
        with requests.Session() as session:
            session.headers["Authorization"] = "Bearer sim-many"
            return sum(session.get(f"{small_server.url}/2/tweets/1/quote_tweets").status_code == 200 for _ in range(20))

    with ThreadPoolExecutor(8) as pool:
        passed = sum(pool.map(call, range(8)))

    (window,) = small_server.truth("windows", endpoint="quote_tweets")["windows"]
    calls = small_server.truth("calls")["endpoints"]["quote_tweets"]
    assert (passed, window["granted"], window["refused"]) == (75, 75, 85)
    assert calls == {"200": 75, "429": 85}
    assert small_server.truth("calls")["total"] == before["total"] + 160
    assert small_server.truth("bill")["calls"] == billed["calls"] + 75


def test_credits_can_be_bought(small_server: Server) -> None:
    """An order adds to what a project has left, and the bill shows it."""
    bought = _order(small_server, "credits", usd=2, project="rich")

    assert bought == (200, {"project": "rich", "left_micro_usd": 2_000_000})
    assert small_server.truth("bill")["credits_left_micro_usd"]["rich"] == 2_000_000


def test_time_passes_at_once() -> None:
    """A day later X says so, the world has gone on, and what was bought is counted for the day before."""
    clock = TurnedClock()
    api = Api(Config(accounts=3, activity=20, history_hours=6), clock)
    posts = [post.id for post in api.world.index.posts if post.searchable]
    ask(api, "/2/tweets", ids=",".join(map(str, posts[-5:])))
    billed = api.ledger.bill()

    answer = Control(api).answer("POST", "/_sim/clock", "", b'{"seconds": 86400}')

    assert answer is not None
    assert json.loads(answer.body) == {"now": iso_ms(clock.now_ms + 86_400_000)}
    assert max(post.created_at_ms for post in api.world.index.posts) > clock.now_ms + 80_000_000
    _, usage = ask(api, "/2/usage/tweets", days=2)
    counted = [int(day["usage"]) for day in usage["data"]["daily_project_usage"]["usage"]]
    assert sorted(counted) == [0, billed["posts_bought"]]
    assert billed["posts_bought"] > 0


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("spend", {"token": "sim-a", "endpoint": "nowhere", "calls": 1}, "nowhere"),
        ("spend", {"token": "sim-a", "endpoint": "tweets", "calls": 0}, "calls: Input should be greater than"),
        ("spend", {"token": "unknown", "endpoint": "tweets"}, "token: it opens nothing here"),
        ("limits", {"endpoint": "tweets"}, "limit: Field required"),
        ("limits", {"endpoint": "tweets", "limit": 5, "colour": 1}, "colour: Extra inputs"),
        ("credits", {"usd": -1}, "not '-1'"),
        ("clock", {"seconds": -5}, "seconds: Input should be greater than 0, not '-5'"),
    ],
)
def test_bad_orders_are_told_so(small_server: Server, name: str, body: dict[str, Any], said: str) -> None:
    """An order that cannot be followed is a 400 whose sentence names the place and the value, never a token."""
    status, answer = _order(small_server, name, **body)

    assert status == 400
    assert said in answer["error"]
    assert "unknown" not in answer["error"]


def test_strangers_repost_a_post_on_order(serve: Callable[..., Server]) -> None:
    """As many as are there and have not yet: counts by author and by post say so as a collector would ask them, among
    ids of nobody.
    """
    nobody_else = [f"--{name}=0" for name in ("reactions", "deleted-share", "edited-share")]
    server = serve("--accounts", "3", "--history-hours", "12", "--activity", "10", *nobody_else)
    found = server.truth("posts", query="-is:retweet -is:reply")["posts"]
    # Accounts repost the newest posts by themselves.
    post, others = [one for one in found if one["state"] == "live"][-1], range(1, 11)
    assert len(found) > 80

    def counted(*queries: str) -> list[int]:
        bodies = [server.get("/2/tweets/counts/recent", query=query, granularity="day").json() for query in queries]
        return [body["meta"]["total_tweet_count"] for body in bodies]

    queries = [
        " OR ".join([f"{operator}:{id_}", *(f"{operator}:{one}" for one in others)])
        for operator, id_ in (("retweets_of", post["author_id"]), ("retweets_of_tweet_id", post["id"]))
    ]
    before, (_, told) = counted(*queries), (200, _order(server, "reposts", post=post["id"], count=40)[1])
    more = _order(server, "reposts", post=post["id"], count=1_000)[1]["count"]
    _order(server, "clock", seconds=60)

    assert told == {"count": 40}
    assert 40 < more < 1_000
    assert [after - one for after, one in zip(counted(*queries), before, strict=True)] == [40 + more] * 2
    assert server.truth(f"posts/{post['id']}")["metrics"]["retweet_count"] == before[1] + 40 + more
    assert _order(server, "reposts", post=post["id"])[1] == {"count": 0}
    assert _order(server, "reposts", post="5")[0] == 400


def test_strangers_quote_a_post_on_order(serve: Callable[..., Server]) -> None:
    """So many quotes are there and counted at once; those that come late are shown when they are due."""
    server = serve("--accounts", "3", "--history-hours", "3")
    name = server.truth("accounts")["accounts"][1]["username"]
    posts = server.truth("posts", query=f"from:{name} -is:retweet")["posts"]
    quoted = next(one["id"] for one in posts if one["state"] == "live")

    def shown() -> set[str]:
        found = server.get(f"/2/tweets/{quoted}/quote_tweets", max_results=100).json().get("data", [])
        return {one["id"] for one in found}

    before, count = shown(), server.truth(f"posts/{quoted}")["metrics"]["quote_count"]
    status, told = _order(server, "quotes", post=quoted, count=12)
    (late,) = _order(server, "quotes", post=quoted, late_seconds=3600)[1]["ids"]

    assert status == 200
    assert shown() == {*before, *told["ids"]}
    assert server.truth(f"posts/{quoted}")["metrics"]["quote_count"] == count + 13
    _order(server, "clock", seconds=3700)
    there = [one for one in server.truth(f"quotes/{quoted}")["posts"] if one["unsearchable_at"] is None]
    assert {one["id"] for one in there} == shown()
    assert [one["late_seconds"] for one in server.truth(f"quotes/{quoted}")["posts"] if one["id"] == late] == [3600]
    assert _order(server, "quotes", post="5")[0] == 400
