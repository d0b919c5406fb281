"""The bill: what is paid once a day, what is free, and what happens when the money or the posts are used up."""

import json
from collections import Counter
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.api import Api
from simulator.calls import Call, Credential, Returned
from simulator.config import Config
from simulator.money import MICRO, Ledger, Plan
from tests.simulator.conftest import START_MS, TurnedClock
from tests.simulator.test_search import ask

DAY_MS = 86_400_000
IDS = st.lists(st.integers(1, 30), max_size=12).map(tuple)
READS = st.lists(st.tuples(st.integers(0, DAY_MS // 3), st.sampled_from("ab"), IDS, IDS, IDS, st.integers(0, 1)))


def _api(clock: TurnedClock, plan: Plan | None = None, **changes: Any) -> Api:
    world = {"accounts": 3, "activity": 8, "history_hours": 6, **changes}
    return Api(Config(plan=plan or Plan(), **world), clock)


def _status(api: Api, path: str, token: str = "sim-a", **params: Any) -> int:
    return api.answer("GET", path, urlencode(params), f"Bearer {token}", "http://sim").status


def _ids(api: Api, count: int) -> list[int]:
    return [post.id for post in api.world.index.posts if post.searchable][-count:]


def _joined(ids: list[int]) -> str:
    return ",".join(map(str, ids))


@settings(max_examples=50, deadline=None)
@given(READS, st.booleans())
def test_an_object_is_paid_once_a_day_and_project(reads: list[Any], bill_includes: bool) -> None:
    """For any reads the bill is the distinct (day, project, object) times the prices, and all its sums agree."""
    ledger, now_ms = Ledger(Plan(bill_includes=bill_includes)), START_MS
    posts, users, counts, handed = set[Any](), set[Any](), 0, Counter[str]()

    for step_ms, project, asked, expanded, people, counted in reads:
        now_ms += step_ms
        call = Call("tweets", {}, (), Credential(f"sim-{project}", "app", project=project), "http://sim", now_ms)
        included = tuple(set(expanded) - set(asked))
        ledger.charge(call, Returned((*asked, *included), people, counted, included, people))
        day = now_ms // DAY_MS
        billed = {*asked, *(included if bill_includes else ())}
        posts |= {(day, project, post_id) for post_id in billed}
        users |= {(day, project, user_id) for user_id in people if bill_includes}
        handed["posts"] += len(billed)
        counts += counted

    bill = ledger.bill()
    assert (bill["posts_bought"], bill["users_bought"], bill["counts_requests"]) == (len(posts), len(users), counts)
    assert bill["posts_reread"] == handed["posts"] - len(posts)
    assert bill["micro_usd"] == 5_000 * len(posts) + 10_000 * len(users) + 5_000 * counts
    for table in ("by_project", "by_day", "by_endpoint", "by_token"):
        assert sum(line["micro_usd"] for line in bill[table].values()) == bill["micro_usd"]


def test_a_reread_is_free_until_midnight() -> None:
    """The same posts cost once on one UTC day, by any token of the project, and again after midnight."""
    clock = TurnedClock()
    clock.turn((DAY_MS - START_MS % DAY_MS) / 1000 - 600)
    api = _api(clock)
    ids = _joined(_ids(api, 5))

    for token in ("sim-a", "sim-b", "sim-user-c"):
        assert _status(api, "/2/tweets", token, ids=ids) == 200
    before = api.ledger.bill()
    _status(api, "/2/tweets", "sim-a~other", ids=ids)
    clock.turn(601)
    _status(api, "/2/tweets", ids=ids)
    after = api.ledger.bill()

    assert (before["posts_bought"], before["posts_reread"], before["micro_usd"]) == (5, 10, 25_000)
    assert after["by_project"]["other"]["micro_usd"] == 25_000
    assert after["by_project"]["default"]["micro_usd"] == 50_000
    assert len(after["by_day"]) == 2
    assert after["by_token"]["sim-b"]["posts_reread"] == 5


def test_what_is_not_a_200_costs_nothing_and_nothing_found_neither() -> None:
    """A 400, a 401, a 403 and a 429 are in no line of the bill; a search with nothing new is, for nothing."""
    api = _api(TurnedClock(), limits={"media": 1})

    statuses = [
        _status(api, "/2/tweets", ids="none"),
        _status(api, "/2/tweets", "wrong", ids="1"),
        _status(api, f"/2/tweets/{_ids(api, 1)[0]}/liking_users"),
        *(_status(api, "/2/media", media_keys="3_1") for _ in range(2)),
        _status(api, "/2/tweets/search/recent", query="from:nobody"),
        _status(api, "/2/tweets/counts/recent", query="team"),
    ]

    bill = api.ledger.bill()
    assert statuses == [400, 401, 403, 200, 429, 200, 200]
    assert set(bill["by_endpoint"]) == {"media", "search/recent", "counts/recent"}
    assert (bill["micro_usd"], bill["calls"]) == (5_000, 3)


def test_includes_are_billed_unless_the_plan_says_not() -> None:
    """An expanded author and referenced post cost as much as one asked for, or nothing."""
    bills = {}
    for billed in (True, False):
        api = _api(TurnedClock(), Plan(bill_includes=billed))
        quote = next(post for post in reversed(api.world.index.posts) if post.quote_of and post.quote_of.live)
        ask(api, "/2/tweets", ids=quote.id, expansions="author_id,referenced_tweets.id")
        bills[billed] = api.ledger.bill()["micro_usd"]

    assert bills == {True: 5_000 + 10_000 + 5_000, False: 5_000}


def test_without_credits_it_is_402_until_more_are_bought() -> None:
    """The call that uses up the credits is answered, the next is X's 402; usage stays free; credits heal it."""
    api = _api(TurnedClock(), Plan(credits_usd=0.02))
    ids = _joined(_ids(api, 5))

    served, refused = _status(api, "/2/tweets", ids=ids), ask(api, "/2/tweets", ids=ids)
    free = _status(api, "/2/usage/tweets")
    left = api.ledger.top_up("default", 1.0)
    healed = _status(api, "/2/tweets", ids=ids)

    assert (served, refused[0], free, healed) == (200, 402, 200, 200)
    assert refused[1] == {
        "title": "CreditsDepleted",
        "detail": "Your enrolled account [1000000000000000001] does not have any credits to fulfill this request.",
        "type": "https://api.x.com/2/problems/credits",
    }
    assert left == 20_000 - 25_000 + MICRO
    assert api.ledger.bill()["micro_usd"] == 25_000


@pytest.mark.parametrize(("plan", "period"), [({"month_posts": 4}, "Monthly"), ({"day_posts": 4}, "Daily")])
def test_a_cap_of_posts_is_429_with_calls_left(plan: dict[str, Any], period: str) -> None:
    """Beyond the posts of a month or day every read of posts is UsageCapExceeded; users can still be read."""
    clock = TurnedClock()
    api = _api(clock, Plan(day_seconds=60, **plan))
    ids = _joined(_ids(api, 5))

    _status(api, "/2/tweets", ids=ids)
    answer = api.answer("GET", "/2/tweets", f"ids={ids}&tweet.fields=lang", "Bearer sim-a", "http://sim")
    body = json.loads(answer.body)
    users = _status(api, "/2/users", ids="1")
    clock.turn(60 if period == "Daily" else 60 * 30)
    later = _status(api, "/2/tweets", ids=ids)

    assert (answer.status, users, later) == (429, 200, 200)
    assert int(answer.headers["x-rate-limit-remaining"]) > 3_000
    assert (body["title"], body["period"], body["scope"]) == ("UsageCapExceeded", period, "Product")
    assert body["type"] == "https://api.twitter.com/2/problems/usage-capped"


@pytest.mark.parametrize("day_seconds", [86_400, 10])
def test_the_usage_of_each_day_is_what_was_bought_on_it(day_seconds: int) -> None:
    """Usage and bill agree on every day, and the month is their sum; short days are named by their start."""
    clock = TurnedClock()
    api = _api(clock, Plan(day_seconds=day_seconds), activity=0, history_hours=24)
    ids = _ids(api, 20)
    read = [0, 0]
    for count in (5, 1, 20, 3):
        for _ in range(2):
            _, found = ask(api, "/2/tweets", ids=_joined(ids[:count]))
        read.append(len(found["data"]))
        clock.turn(day_seconds)

    bill = api.ledger.bill()
    _, body = ask(api, "/2/usage/tweets", days=7, **{"usage.fields": "daily_project_usage,project_usage"})

    days = [int(day["usage"]) for day in body["data"]["daily_project_usage"]["usage"]]
    bought = [line["posts_bought"] for line in bill["by_day"].values() if line["posts_bought"]]
    assert days == [*read, 0]
    assert bought == read[2:]
    assert int(body["data"]["project_usage"]) == bill["posts_reread"] == sum(read) > 20
    dates = [day["date"] for day in body["data"]["daily_project_usage"]["usage"]]
    assert all(any(date.startswith(label) for date in dates) for label in bill["by_day"])
