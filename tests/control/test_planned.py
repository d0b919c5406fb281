"""What the planner decided, as people are told it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from control import planned
from scheduler.planner import PLAN
from shared.domain.days import midnight
from shared.domain.errors import InputError
from shared.domain.planning.posts import hours
from shared.domain.planning.revivals import Terms
from shared.services.bootstrap import Services
from shared.stores.group_tests import GroupTests
from tests.control.conftest import servers_of
from tests.control.whole import run_covey
from tests.scheduler.days import carry_out, read_yesterday
from tests.scheduler.slots import plan
from tests.workers.world import ScriptedX

NONE = timedelta(0)
BY_PLANNER = {"COVEY_REFRESH_BY": "planner", "COVEY_BUDGET_DAY_USD": "1", "COVEY_BUDGET_SHARES": '{"engagement": 0.2}'}


@pytest.fixture
def planning(make_services: Callable[..., Services], x: ScriptedX) -> Services:
    """By the planner, with money for forty posts a day."""
    return make_services(x.url, refresh_by="planner", budget_day_usd=1.0, budget_shares={"engagement": 0.2})


def test_a_day_is_told_with_what_its_money_is_worth(planning: Services) -> None:
    """Forty of 200 posts for 20 cents cover more than a fifth; four more are worth less than these."""
    read_yesterday(planning, [10 * number for number in range(200)])
    assert planned.today(planning) is None
    carry_out(planning)

    told = planned.today(planning)

    assert told is not None
    assert (told["stage"], told["to_choose_from"], told["late"]) == ("done", 200, 0)
    assert (told["buys"]["posts"], told["buys"]["usd"]) == (40, 0.2)
    assert (told["a_tenth_more"]["posts"], told["a_tenth_more"]["usd"]) == (4, 0.02)
    assert 0.25 < told["held"] < 0.6
    assert 0 < told["a_tenth_more"]["acts"] / 4 < told["buys"]["acts"] / 40
    assert told["last_dollar"]["acts"] == told["buys"]["acts"]  # there is no whole dollar


def test_a_post_is_told_its_place(planning: Services) -> None:
    """The one with most likes is among the first and is due; one without likes is not bought today."""
    ids = read_yesterday(planning, [10 * number for number in range(200)])
    carry_out(planning)

    first, last = planned.of_post(planning, ids[-1]), planned.of_post(planning, ids[0])

    assert first["place"]["number"] <= 20
    assert first["next_reading_at"] is not None
    assert "of 200, of which today's money buys 40" in first["why"]
    assert (last["next_reading_at"], last["why"].startswith("not today: it is number ")) == (None, True)
    assert last["place"]["number"] > 150
    assert first["usd"] == 0.005
    assert first["estimate"]["low"] <= first["estimate"]["acts"] <= first["estimate"]["high"]
    assert first["grows"]["until_midnight"] >= 0
    assert first["grows"]["in_a_day_more"] > first["grows"]["until_midnight"]


def test_what_was_paid_for_today_costs_nothing(planning: Services) -> None:
    """Until it is read for the last time."""
    (post_id,) = read_yesterday(planning, [50])
    now = planning.ledger.now()
    states, noon = planning.stores.db["X_engagement"], midnight(now) + timedelta(hours=12)
    own = {"read_at": now, "bought_on": midnight(now), "next_refresh_at": max(now, noon) + timedelta(seconds=1)}
    states.update_one({}, {"$set": own})
    again = planned.of_post(planning, post_id)
    states.update_one({}, {"$set": {"next_refresh_at": None}})
    done = planned.of_post(planning, post_id)

    assert again["usd"] == 0.0
    assert again["why"].startswith("it was paid for today: read again")
    assert (done["next_reading_at"], done["why"].startswith("it was read for the last time today")) == (None, True)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"state": "deleted"}, "never: it is deleted"),
        ({"gone_reports": 1}, "X said once that it is gone, to be confirmed"),
        ({"read_at": None}, "it came without counts: it is bought at once"),
        ({}, "the plan of today is not made yet"),
    ],
    ids=["gone", "reported gone", "without counts", "no plan yet"],
)
def test_every_reason_has_its_words(planning: Services, change: dict[str, object], why: str) -> None:
    """Whatever holds it back."""
    (post_id,) = read_yesterday(planning, [50])
    planning.stores.db["X_engagement"].update_one({}, {"$set": change})

    assert planned.of_post(planning, post_id)["why"] == why


@pytest.mark.parametrize(
    ("change", "why", "is_due"),
    [
        ({}, "never: it is older than 30 days", False),
        ({"read_at": None, "metrics": None}, "it came without counts: it is bought at once", True),
    ],
    ids=["counted", "without counts"],
)
def test_an_old_post_is_told_what_is_done_with_it(
    planning: Services, change: dict[str, object], why: str, *, is_due: bool
) -> None:
    """No plan buys it; one that was just found without counts is read all the same."""
    (post_id,) = read_yesterday(planning, [50], hours_ago=24 * 40)
    due = {"next_refresh_at": planning.clock.now()} if is_due else {}
    planning.stores.db["X_engagement"].update_one({}, {"$set": change | due})
    carry_out(planning)

    told = planned.of_post(planning, post_id)

    assert (told["why"], told["next_reading_at"] is not None) == (why, is_due)


def test_a_plan_that_is_not_made_is_told(planning: Services) -> None:
    """From when it was begun, or since midnight where the last one is of another day; what is done is no news."""
    read_yesterday(planning, [5])
    assert planned.unplanned(planning) == NONE
    plan(planning, PLAN)
    plans, now = planning.stores.db["X_plans"], planning.ledger.now()
    plans.update_one({}, {"$set": {"basis.at": hours(now) - 2}})
    planning.stores.db["X_plan_parts"].update_many({}, {"$set": {"at": hours(now) - 2}})
    assert planned.unplanned(planning) >= timedelta(hours=2)
    carry_out(planning)
    assert planned.unplanned(planning) == NONE

    (done,) = plans.find()
    plans.delete_many({})
    plans.insert_one(done | {"_id": (now - timedelta(days=1)).date().isoformat()})

    assert planned.unplanned(planning) >= now - midnight(now)


def test_by_the_tiers_it_is_the_interval(services: Services) -> None:
    """And what is not followed is an error that says where to look."""
    (post_id,) = read_yesterday(services, [50], hours_ago=40)  # twelve hours before any last hour of a day

    assert planned.of_post(services, post_id)["why"] == "the interval of tier warm"
    assert planned.today(services) is None
    with pytest.raises(InputError, match="the engagement of post 5 is not followed: covey trace 5 says why"):
        planned.of_post(services, 5)


def test_the_commands_tell_it(planning: Services) -> None:
    """`covey explain ID`, `covey trace ID` and `covey budget`, for people and as JSON."""
    ids = read_yesterday(planning, [10 * number for number in range(200)])
    carry_out(planning)
    environment = servers_of(planning) | BY_PLANNER
    now = planning.clock.now()
    post = {"author_id": "7", "text": "quiet", "created_at": now, "first_seen_at": now, "found_by": "search"}
    planning.stores.db["X_tweets"].insert_one({"_id": str(ids[0]), **post})

    one, as_json = (run_covey("explain", str(ids[0]), *more, **environment) for more in ((), ("--json",)))
    traced, money = run_covey("trace", str(ids[0]), "--json", **environment), run_covey("budget", **environment)

    assert "why:    by the planner: not today: it is number" in one.stdout
    assert "now:    probably " in one.stdout
    assert json.loads(as_json.stdout)["id"] == str(ids[0])
    assert "not today: it is number" in traced.stdout
    assert "40 of 200 posts for $0.20 cover" in money.stdout
    assert (one.stderr, traced.stderr, money.stderr) == ("", "", "")


def test_the_budget_tells_of_group_tests(planning: Services) -> None:
    """What they asked and found, and what they may cost."""
    ids = read_yesterday(planning, [10 * number for number in range(200)])
    carry_out(planning)
    now, store, day = planning.clock.now(), planning.stores.group_tests, planning.ledger.now().date()
    planning.stores.db["X_plans"].update_one({}, {"$set": {"basis.tests": 20}})
    tests = GroupTests(from_at=now, to_at=now, money=100_000, marginal=0.0, terms=Terms(), suspects=())
    store.begin(day, tests, now=now)
    for number in range(12):
        store.ask(day, number)
        store.answer(day, number, 0)
    under_way = run_covey("budget", **servers_of(planning), **BY_PLANNER).stdout
    store.found(day, ids[:2])
    store.end(day)

    done = run_covey("budget", **servers_of(planning), **BY_PLANNER).stdout

    words = "12 requests ($0.06) found {} posts that may grow again; all together at most $0.10; {}."
    assert words.format(0, "under way") in under_way
    assert words.format(2, "done") in done


def test_what_grows_is_estimated_beside_its_count(services: Services) -> None:
    """More than was read, between its bounds, the later the more; what is gone or was never read has no estimate."""
    (post_id,) = read_yesterday(services, [500], hours_ago=13.0)
    now, states = services.clock.now(), services.stores.db["X_engagement"]

    soon = planned.estimate_now(services.stores, post_id, now)
    later = planned.estimate_now(services.stores, post_id, now + timedelta(hours=30))
    states.update_one({}, {"$set": {"state": "deleted"}})

    assert soon is not None
    assert later is not None
    assert 500 <= soon["low"] <= soon["acts"] <= soon["high"]
    assert soon["acts"] < later["acts"]
    assert states.find_one({}, {"metrics.like_count": 1})["metrics"] == {"like_count": 500}  # type: ignore[index]
    assert planned.estimate_now(services.stores, post_id, now) is None
    assert planned.estimate_now(services.stores, 5, now) is None
