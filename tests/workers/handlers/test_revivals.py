"""Group tests for revivals on real servers: with the simulator as X, and with one that counts by a script."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

import pytest

from control import planned
from scheduler.exporter import export_group_tests
from scheduler.planner import PLAN, REFRESH
from shared.domain import snowflake
from shared.domain.counts import PostMetrics
from shared.domain.errors import CoveyError, InvalidRequest, StoreUnavailable
from shared.domain.jobs import FindRevivals, RefreshEngagement
from shared.domain.models import Post
from shared.runtime import metrics
from shared.services.bootstrap import Services
from tests.scheduler.days import carry_out
from tests.scheduler.slots import plan
from tests.workers.world import (
    HANDLERS,
    WIDE,
    Asked,
    ScriptedX,
    Simulator,
    eventually,
    lively,
    refusing,
    running_simulator,
)
from workers.handlers.revivals import find_revivals

HOUR = timedelta(hours=1)
POSTS, AUTHORS, PRICE = 800, 100, 0.005
# Three quarters of the posts a day, so 24 posts' worth for the tests.
BOUGHT, TESTS = 600, 24
Make = Callable[..., Services]


def planning(make_services: Make, url: str, **settings: Any) -> Services:
    """By the planner, with money for three quarters of the posts, whatever the time of day is."""
    money = {"budget_day_usd": 5 * BOUGHT * PRICE, "budget_shares": {"engagement": 0.2}}
    return make_services(url, **{"refresh_by": "planner", "plan_group_tests": True, **money, **settings})


def follow(services: Services, posts: Mapping[int, tuple[int, datetime]], quietest: int) -> None:
    """Posts (author, made at) that were last read two and a half days ago, with ten likes; the quietest with none."""
    now = services.clock.now()
    made = [
        Post(
            id=post_id,
            author_id=author,
            text="",
            created_at=at,
            metrics=PostMetrics(like_count=0 if post_id == quietest else 10),
        )
        for post_id, (author, at) in posts.items()
    ]
    services.stores.posts.upsert(made, source="search", now=now)
    services.stores.engagement.begin(made, now=now, at=now - 60 * HOUR, policy=services.refresh_policy)
    # As the last days of a plan leave them.
    services.stores.db["X_engagement"].update_many({}, {"$set": {"next_refresh_at": None}})


def kept(services: Services) -> dict[str, Any]:
    """What the group tests of today have come to."""
    return services.stores.db["X_group_tests"].find_one() or {}


def state_of(services: Services, post_id: int) -> dict[str, Any]:
    """The engagement of a post."""
    return services.stores.db["X_engagement"].find_one({"_id": str(post_id)}) or {}


# --- with the simulator


@pytest.fixture(scope="module")
def still() -> Iterator[Simulator]:
    """A world of many posts to which strangers do nothing but what is ordered."""
    ended = [f"--{name}=0" for name in ("reactions", "deleted-share", "edited-share")]
    limit = f"--limit=counts/recent={WIDE}"
    with running_simulator(*lively("--activity", "10", "--history-hours", "150", *ended, limit)) as running:
        yield running


def followed(services: Services, x: Simulator) -> int:
    """Follow posts of the simulator's that are three days and older; answers one
    without likes, whose author wrote least."""
    now = services.clock.now()
    own = x.posts("-is:retweet", since=now - 149 * HOUR, until=now - 72 * HOUR)[:POSTS]
    assert len(own) == POSTS
    posts = {int(one["id"]): (int(one["author_id"]), snowflake.created_at(int(one["id"]))) for one in own}
    writes = Counter(author for author, _ in posts.values())
    quietest = min(posts, key=lambda one: (writes[posts[one][0]], one))
    follow(services, posts, quietest)
    return quietest


def test_a_post_that_grows_again_is_found_and_bought(make_services: Make, still: Simulator) -> None:
    """One of 800, that the plan leaves out: it is bought at once, for what the plan left to the tests."""
    services = planning(make_services, still.url)
    post_id = followed(services, still)
    still.order("reposts", {"post": str(post_id), "count": 90})
    revived_at = services.clock.now()
    before = still.truth("bill")
    eventually(lambda: services.clock.now() > revived_at + timedelta(seconds=2.5))  # to be counted

    jobs = carry_out(services)

    requests, found = kept(services)["requests"], kept(services)["found"]
    billed = still.truth("bill")["counts_requests"] - before["counts_requests"]
    assert found == [post_id]
    assert 5 <= requests == billed <= TESTS
    assert isinstance(jobs[-1], FindRevivals)
    explained = planned.of_post(services, post_id)
    assert explained["why"] == "a group test says that it may grow again: it is bought at once"
    told = (planned.today(services) or {})["group_tests"]
    assert told == {
        "requests": requests,
        "usd": round(requests * PRICE, 3),
        "most_usd": TESTS * PRICE,
        "found": 1,
        "is_done": True,
    }
    export_group_tests(services.stores.group_tests.told(services.ledger.now().date()))
    assert [metrics.PLAN_GROUP_TESTS.labels(one)._value.get() for one in ("requests", "found")] == [requests, 1]

    for job, _ in plan(services, REFRESH, now=services.clock.now() + timedelta(seconds=1)):
        if isinstance(job, RefreshEngagement) and str(post_id) in job.post_ids:
            HANDLERS[type(job)](services, job)

    assert state_of(services, post_id)["metrics"]["retweet_count"] == 90
    assert "because a group test says that it may grow again" in planned.of_post(services, post_id)["why"]
    carry_out(services)
    assert still.truth("bill")["counts_requests"] - before["counts_requests"] == requests


def test_where_nothing_grows_again_nothing_is_found(make_services: Make, still: Simulator) -> None:
    """A request for each group of authors, hardly more for what young posts got, and no post."""
    services = planning(make_services, still.url)
    quietest = followed(services, still)
    services.stores.db["X_engagement"].delete_one({"_id": str(quietest)})  # revived by the other test

    carry_out(services)

    assert kept(services)["found"] == []
    assert 0 < kept(services)["requests"] <= TESTS


# --- with an X that counts by a script


class Counting:
    """An X that knows how often posts were reposted in the last day, and bills each count."""

    def __init__(self, x: ScriptedX, reposts: Mapping[int, int], author_of: Callable[[int], int]) -> None:
        self.asked: list[str] = []
        self.at_request: Callable[[int], tuple[int, Any] | None] = lambda number: None
        self._reposts, self._author_of = reposts, author_of
        x.script = self._answer

    def _answer(self, asked: Asked) -> tuple[int, Any]:
        assert asked.path == "/2/tweets/counts/recent"
        query = asked.params["query"]
        assert len(query) <= 512
        self.asked.append(query)
        if (other := self.at_request(len(self.asked))) is not None:
            return other
        authors = set(map(int, re.findall(r"retweets_of:(\d+)", query)))
        posts = set(map(int, re.findall(r"retweets_of_tweet_id:(\d+)", query)))
        count = sum(n for post, n in self._reposts.items() if post in posts or self._author_of(post) in authors)
        step = {"start": asked.params["start_time"], "end": asked.params["end_time"], "tweet_count": count}
        return 200, {"data": [step], "meta": {"total_tweet_count": count}}


@pytest.fixture
def ids(make_services: Make) -> list[int]:
    """Of posts that were made four days ago."""
    made_at = make_services("http://127.0.0.1:1").clock.now() - 96 * HOUR
    return [snowflake.first_id_at(made_at) + number for number in range(POSTS)]


def author_of(post_id: int) -> int:
    """Eight posts each."""
    return 1_000_000_000_000_000_000 + post_id % AUTHORS


def begun(services: Services, ids: list[int]) -> FindRevivals:
    """The posts are followed and the plan is made, up to the tests."""
    follow(services, {one: (author_of(one), snowflake.created_at(one)) for one in ids}, ids[0])
    for _ in range(3):
        for job, _ in plan(services, PLAN):
            if isinstance(job, FindRevivals):
                return job
            HANDLERS[type(job)](services, job)
    raise AssertionError("no tests")


def carried_out(services: Services, job: FindRevivals) -> None:
    """The job again and again, until the tests are done."""
    while kept(services).get("stage") != "done":
        find_revivals(services, job)


def test_a_crash_between_the_request_and_its_answer_buys_nothing_twice(
    make_services: Make, x: ScriptedX, ids: list[int]
) -> None:
    """What was answered is not asked again, nor what was lost; the rest is, and the money counts all."""
    services = planning(make_services, x.url)
    job = begun(services, ids)
    counting = Counting(x, {ids[0]: 80}, author_of)
    left: list[int] = []
    with ExitStack() as dead:

        def die(number: int) -> None:
            if number > 1 and str(author_of(ids[0])) not in counting.asked[-1] and not left:
                left.append(number)
                dead.enter_context(refusing(services, "X_group_tests"))

        counting.at_request = die
        with pytest.raises(StoreUnavailable):
            find_revivals(services, job)
    there = kept(services)

    carried_out(services, job)

    assert (len(there["answers"]), there["asking"], there["requests"]) == (left[0] - 1, left[0] - 1, left[0])
    assert len(set(counting.asked)) == len(counting.asked) == kept(services)["requests"] <= TESTS
    assert ids[0] in kept(services)["found"]


@pytest.mark.parametrize("posts_that_wake", [1, 40])
def test_the_budget_is_respected_exactly(
    make_services: Make, x: ScriptedX, ids: list[int], posts_that_wake: int
) -> None:
    """Requests and posts together never cost more than the plan left, however much there is to find."""
    services = planning(make_services, x.url)
    job = begun(services, ids)
    quiet = [one for _, one in services.stores.plans.quiet(job.day)]
    woken = {post_id: max(50, 4_000 >> number) for number, post_id in enumerate(quiet[:posts_that_wake])}
    counting = Counting(x, woken, author_of)

    carried_out(services, job)

    (basis,) = (one["basis"] for one in services.stores.db["X_plans"].find())
    told = kept(services)
    assert (basis["tests"], basis["money"]["whole"]) == (TESTS, BOUGHT - TESTS)
    assert len(counting.asked) == told["requests"]
    assert told["requests"] + len(told["found"]) <= TESTS
    assert set(woken) & set(told["found"])
    dated = services.stores.db["X_engagement"].find({"_id": {"$in": [str(one) for one in told["found"]]}})
    assert all(one["next_refresh_at"] is not None for one in dated)


@pytest.mark.parametrize(
    "settings",
    [{"plan_group_tests": False}, {"budget_day_usd": 5 * 60 * PRICE}, {"refresh_by": "tiers"}],
    ids=["off", "too little money", "tiers"],
)
def test_nothing_is_asked_where_it_is_off_or_does_not_pay(
    make_services: Make, x: ScriptedX, ids: list[int], settings: dict[str, Any]
) -> None:
    """The plan is as it was without tests: all of its money is its own."""
    services = planning(make_services, x.url, **settings)
    follow(services, {one: (author_of(one), snowflake.created_at(one)) for one in ids}, ids[0])

    jobs = carry_out(services)

    assert not [job for job in jobs if isinstance(job, FindRevivals)]
    assert kept(services) == {}
    assert x.asked == []
    for one in services.stores.db["X_plans"].find():
        assert (one["basis"]["tests"], one["basis"]["money"]["whole"]) in {(0, BOUGHT), (0, 60)}
        assert (planned.today(services) or {})["group_tests"] is None


def test_what_x_refuses_for_good_ends_the_tests_of_the_day(make_services: Make, x: ScriptedX, ids: list[int]) -> None:
    """A plan without these operators is asked once a day, and not billed for it."""
    services = planning(make_services, x.url)
    job = begun(services, ids)
    counting = Counting(x, {}, author_of)
    invalid = {"title": "Invalid Request", "type": "https://api.twitter.com/2/problems/invalid-request", "errors": []}
    counting.at_request = lambda number: (400, invalid)

    with pytest.raises(InvalidRequest):
        find_revivals(services, job)

    assert (len(counting.asked), kept(services)["stage"], kept(services)["requests"]) == (1, "done", 0)
    assert carry_out(services) == []


def test_a_fault_of_x_that_is_not_billed_is_asked_again(make_services: Make, x: ScriptedX, ids: list[int]) -> None:
    """X answers 503, once: the same request again, for its price once."""
    services = planning(make_services, x.url)
    job = begun(services, ids)
    counting = Counting(x, {ids[0]: 80}, author_of)
    counting.at_request = lambda number: (503, {}) if number == 2 else None

    with pytest.raises(CoveyError):
        find_revivals(services, job)
    carried_out(services, job)

    assert counting.asked[1] == counting.asked[2]
    assert kept(services)["requests"] == len(counting.asked) - 1


def test_what_readings_explain_is_no_revival(make_services: Make, x: ScriptedX, ids: list[int]) -> None:
    """A post that was read all of the last day got all of its author's reposts."""
    services = planning(make_services, x.url)
    job = begun(services, ids)
    now, read = services.clock.now(), ids[7]
    counting = Counting(x, {read: 80}, author_of)
    services.stores.db["X_engagement_history"].insert_many(
        {
            "_id": f"{read}:{n}",
            "post_id": str(read),
            "at": now - (5 * n + 1) * HOUR,
            "metrics": {"retweet_count": 90 - 20 * n},
        }
        for n in range(4, -1, -1)
    )

    carried_out(services, job)

    assert all("tweet_id" not in query for query in counting.asked)
    assert kept(services)["found"] == []


def test_other_budgets_end_the_tests_for_the_day(make_services: Make, x: ScriptedX, ids: list[int]) -> None:
    """The plan is made anew for the rest of the day, with all of its money."""
    services = planning(make_services, x.url)
    Counting(x, {ids[0]: 80}, author_of)
    job = begun(services, ids)
    find_revivals(services, job)
    services.stores.db["X_plans"].update_one({}, {"$set": {"basis.budgets.share": 0.9}})

    jobs = carry_out(services)

    assert not [one for one in jobs if isinstance(one, FindRevivals)]
    assert kept(services)["stage"] == "done"
    assert [one["basis"]["tests"] for one in services.stores.db["X_plans"].find()] == [0]


def test_a_late_job_of_another_day_asks_nothing(make_services: Make, x: ScriptedX, ids: list[int]) -> None:
    """Its money is gone with the day."""
    services = planning(make_services, x.url)
    job = begun(services, ids)

    find_revivals(services, job.model_copy(update={"day": job.day - timedelta(days=1)}))

    assert x.asked == []
