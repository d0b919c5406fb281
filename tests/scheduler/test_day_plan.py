"""The plan of a day on a real MongoDB: posts that were read yesterday, some money, and the jobs of the parts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from scheduler.day_plan import LEFT
from scheduler.exporter import export_plan
from scheduler.planner import PLAN, REFRESH
from shared.domain.days import midnight
from shared.domain.jobs import RankPosts
from shared.domain.models import WorkClass
from shared.domain.money.prices import Amounts, PriceKind
from shared.domain.money.purchases import CallResult, Purchase
from shared.domain.planning.day import Stage
from shared.domain.planning.posts import moment
from shared.ratelimit.model import CallRequest
from shared.runtime import metrics
from shared.services.allowance import money_today
from shared.services.bootstrap import Services
from shared.stores.plan_posts import BATCH
from tests.scheduler.days import carry_out, read_yesterday
from tests.scheduler.slots import plan
from tests.workers.world import HANDLERS, ScriptedX

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Make = Callable[..., Services]


@pytest.fixture
def planning(make_services: Make, x: ScriptedX) -> Services:
    """By the planner, with $1 a day, of which engagement may spend a fifth: forty posts."""
    return make_services(x.url, refresh_by="planner", budget_day_usd=1.0, budget_shares={"engagement": 0.2})


def due(services: Services, *, until: datetime | None = None) -> set[int]:
    """The posts that are to be read."""
    by = {"$ne": None} if until is None else {"$lte": until}
    return {int(one["_id"]) for one in services.stores.db["X_engagement"].find({"next_refresh_at": by})}


def test_the_money_buys_what_grows_most(planning: Services) -> None:
    """Of two hundred posts the forty with most likes are due at once, to the posts of one cell, whose order is mixed;
    some more behind them; the others not today.
    """
    ids = read_yesterday(planning, [10 * number for number in range(200)])
    assert due(planning) == set()

    jobs = carry_out(planning)

    made = planning.stores.plans.last()
    assert made is not None
    at_once = due(planning, until=moment(made.basis.at) + timedelta(milliseconds=40))  # a place is a millisecond
    assert len(jobs) == 2
    assert 25 <= len(at_once) <= 55
    assert set(ids[182:]) <= at_once <= set(ids[138:])
    assert at_once < due(planning)
    assert len(due(planning)) <= 75
    assert (made.stage, made.basis.money.now, made.basis.followed, made.tally.total) == (Stage.DONE, 40, 200, 200)
    export_plan(made)
    told = {state: metrics.PLAN_POSTS.labels(state)._value.get() for state in ("to_choose_from", "bought", "late")}
    assert told == {"to_choose_from": 200, "bought": 40, "late": 0}


def test_nothing_is_bought_before_the_plan_is_made(planning: Services) -> None:
    """A post that was due by whatever decided before is claimed by nobody; then only if the plan says so."""
    read_yesterday(planning, [5] * 90)
    planning.stores.db["X_engagement"].update_many({}, {"$set": {"next_refresh_at": planning.clock.now() - HOUR}})

    assert plan(planning, REFRESH) == []

    carry_out(planning)
    (job,) = [job for job, _ in plan(planning, REFRESH, now=planning.clock.now() + timedelta(seconds=1))]
    assert 15 <= len(getattr(job, "post_ids", ())) <= 65  # forty of ninety that are alike


def test_what_was_bought_today_is_left_alone(planning: Services) -> None:
    """It is read again for nothing, by its own rhythm."""
    ids = read_yesterday(planning, [5] * 20)
    now = planning.clock.now()
    mine = {"_id": {"$in": [str(one) for one in ids[:10]]}}
    own: dict[str, Any] = {"bought_on": midnight(planning.ledger.now()), "next_refresh_at": now + 3 * HOUR}
    planning.stores.db["X_engagement"].update_many(mine, {"$set": own})

    carry_out(planning)

    made = planning.stores.plans.last()
    assert made is not None
    kept = planning.stores.db["X_engagement"].find(mine)
    assert made.tally.total == 10
    assert {one["next_refresh_at"] for one in kept} == {now + 3 * HOUR}


def test_parts_come_to_the_same_however_often_they_are_done(
    planning: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty posts a part: every part is ranked and placed, one of them twice, another after its turn."""
    monkeypatch.setattr("scheduler.day_plan.POSTS_A_PART", 30)
    read_yesterday(planning, [10 * number for number in range(200)])
    first = [job for job, _ in plan(planning, PLAN)]
    for job in [*first, first[0]]:
        HANDLERS[type(job)](planning, job)
    jobs = carry_out(planning)
    before = due(planning)
    HANDLERS[RankPosts](planning, first[0])

    assert len(first) == len(jobs) == 7
    assert carry_out(planning) == []
    assert due(planning) == before
    made = planning.stores.plans.last()
    assert made is not None
    assert made.tally.total == 200


def test_a_part_that_is_lost_is_sent_again(planning: Services) -> None:
    """As long as it is not done."""
    read_yesterday(planning, [5] * 20)
    first, again = plan(planning, PLAN), plan(planning, PLAN)
    assert [job for job, _ in first] == [job for job, _ in again] == [RankPosts(day=first[0][0].day, part=0)]  # type: ignore[attr-defined]


def test_a_scheduler_that_ended_while_it_began_the_plan_leaves_nothing_out(planning: Services) -> None:
    """The plan is there and its parts are not: the next look writes and sends them."""
    ids = read_yesterday(planning, [5] * 20)
    plan(planning, PLAN)
    planning.stores.db["X_plan_parts"].delete_many({})

    jobs = carry_out(planning)

    made = planning.stores.plans.last()
    assert made is not None
    assert (len(jobs), made.stage, made.tally.total) == (2, Stage.DONE, 20)
    assert set(ids) == due(planning)


def test_old_posts_and_those_that_are_gone_are_no_part_of_it(planning: Services) -> None:
    """Nor those that wait for X's second word, or that no source wants followed; what else was read once is."""
    ids = read_yesterday(planning, [5] * 5)
    read_yesterday(planning, [5], hours_ago=24 * 31)
    states = planning.stores.db["X_engagement"]
    states.update_one({"_id": str(ids[0])}, {"$set": {"state": "deleted"}})
    states.update_one({"_id": str(ids[1])}, {"$set": {"gone_reports": 1, "next_refresh_at": planning.clock.now()}})

    states.update_one({"_id": str(ids[2])}, {"$set": {"follow_from": 10.0}})

    carry_out(planning)

    made = planning.stores.plans.last()
    assert made is not None
    assert made.tally.total == 2
    assert due(planning) == {ids[1], *ids[3:]}


@pytest.mark.parametrize("old_id", ["20", "999999999999999999", "31337"])
def test_a_post_is_as_old_as_it_is_not_as_its_id_is_spelt(planning: Services, old_id: str) -> None:
    """Ids of fewer digits, as posts had until 2018, stand behind those of today in the order of MongoDB."""
    read_yesterday(planning, [5] * 3)
    states = planning.stores.db["X_engagement"]
    one = states.find_one() or {}
    past = planning.clock.now() - timedelta(days=3_000)
    states.insert_one(one | {"_id": old_id, "created_at": past, "next_refresh_at": None})

    carry_out(planning)

    made = planning.stores.plans.last()
    assert made is not None
    assert (made.basis.followed, made.tally.total) == (3, 3)
    assert int(old_id) not in due(planning)


@pytest.mark.parametrize(
    ("change", "is_planned"),
    [
        ({"$unset": {"created_at": ""}}, False),
        ({"$set": {"created_at": "yesterday"}}, False),
        ({"$set": {"read_at": "yesterday"}}, False),
        ({"$unset": {"read_at": ""}}, False),
        ({"$unset": {"state": ""}}, False),
        ({"$set": {"metrics": {"like_count": "many"}}}, False),
        ({"$set": {"rate": float("nan")}}, False),
        ({"$set": {"usual": float("inf")}}, False),
        ({"$set": {"rate": None}}, True),
        ({"$set": {"metrics": None}}, True),
        ({"$unset": {"metrics": "", "rate": "", "usual": "", "bought_on": "", "gone_reports": ""}}, True),
        ({"$set": {"metrics": {"like_count": -7}}}, True),
        ({"$set": {"metrics": {"like_count": 2**62}}}, True),
    ],
    ids=lambda one: str(one)[:60],
)
def test_one_odd_post_stops_no_other(planning: Services, change: dict[str, Any], *, is_planned: bool) -> None:
    """What cannot be understood is left out; what is only missing counts as nothing."""
    ids = read_yesterday(planning, [5] * 20)
    planning.stores.db["X_engagement"].update_one({"_id": str(ids[7])}, change)

    carry_out(planning)

    made = planning.stores.plans.last()
    assert made is not None
    assert (made.stage, made.tally.total) == (Stage.DONE, 19 + is_planned)
    assert {*ids[:7], *ids[8:]} <= due(planning)


def test_a_post_without_a_number_stops_no_other(planning: Services) -> None:
    """Nor do as many of them as are read at once."""
    ids = read_yesterday(planning, [5] * 20)
    states = planning.stores.db["X_engagement"]
    odd = states.find_one() or {}
    states.insert_many([odd | {"_id": f"3{number:04}x", "next_refresh_at": None} for number in range(BATCH + 1)])
    states.insert_one(odd | {"_id": "4000000000000000000", "next_refresh_at": None})

    carry_out(planning)

    made = planning.stores.plans.last()
    assert made is not None
    assert (made.stage, made.tally.total) == (Stage.DONE, 21)
    assert {*ids, 4_000_000_000_000_000_000} <= due(planning)


def test_a_database_without_posts_has_a_plan(planning: Services) -> None:
    """It buys nothing, and what is found is read by its own rhythm."""
    carry_out(planning)
    assert planning.stores.plans.stage(planning.ledger.now().date()) is Stage.DONE


def test_the_tiers_take_back_what_waited_for_a_plan(planning: Services, make_services: Make, x: ScriptedX) -> None:
    """Where the planner decides no more, posts are due a day after their last reading; once, and by no more work."""
    ids = read_yesterday(planning, [5] * 60)
    carry_out(planning)
    planning.stores.db["X_engagement"].update_many({}, {"$set": {"next_refresh_at": None}})
    tiers = make_services(x.url)

    for _ in range(3):
        assert plan(tiers, PLAN) == []

    found = list(tiers.stores.db["X_engagement"].find())
    assert {int(one["_id"]) for one in found} == set(ids)
    assert all(one["next_refresh_at"] == one["read_at"] + DAY for one in found)
    assert tiers.stores.state.get(LEFT)["after"] is None


def test_a_planner_that_is_back_the_same_day_decides_anew(
    planning: Services, make_services: Make, x: ScriptedX
) -> None:
    """What the tiers had dated meanwhile is not bought beside the plan, and the money is what is left."""
    read_yesterday(planning, [5] * 90)
    carry_out(planning)
    states, now = planning.stores.db["X_engagement"], planning.clock.now()
    states.update_many({}, {"$set": {"next_refresh_at": None}})
    tiers = make_services(x.url)
    for _ in range(3):
        plan(tiers, PLAN)
    given_back = due(planning, until=now + DAY)

    assert given_back
    assert carry_out(planning)
    assert carry_out(planning) == []

    assert 15 <= len(due(planning)) <= 75  # forty, and some spare ones, of ninety that are alike
    made = planning.stores.plans.last()
    assert made is not None
    assert (made.stage, made.tally.total) == (Stage.DONE, 90)


def test_the_tiers_take_posts_back_as_often_as_they_decide(
    planning: Services, make_services: Make, x: ScriptedX
) -> None:
    """Also the second time that the planner is left on one day: none waits for a plan that nobody makes."""
    read_yesterday(planning, [5] * 20)
    states, tiers = planning.stores.db["X_engagement"], make_services(x.url)
    for _ in range(2):
        carry_out(planning)
        states.update_many({}, {"$set": {"next_refresh_at": None}})
        for _ in range(3):
            plan(tiers, PLAN)

    assert len(due(planning)) == 20


def test_a_date_of_another_day_is_not_bought_beside_the_plan(planning: Services) -> None:
    """Of a post too old for the plan, whose last free reading of yesterday was missed."""
    (old,) = read_yesterday(planning, [5], hours_ago=24 * 40)
    (young,) = read_yesterday(planning, [5])
    states, now = planning.stores.db["X_engagement"], planning.clock.now()
    states.update_many({}, {"$set": {"next_refresh_at": now - HOUR, "claim_id": "lost"}})
    today = states.find_one({"_id": str(old)}) or {}
    own = {"bought_on": midnight(planning.ledger.now())}
    states.insert_one(today | own | {"_id": str(old + 1)})
    states.insert_one(today | {"_id": str(old + 2), "gone_reports": 1})
    states.insert_one(today | {"_id": str(old + 3), "read_at": None, "metrics": None, "bought_on": None})

    carry_out(planning)

    assert due(planning) == {young, old + 1, old + 2, old + 3}
    assert "claim_id" not in (states.find_one({"_id": str(old)}) or {})


def test_a_budget_that_is_changed_during_the_day_counts_from_then_on(planning: Services) -> None:
    """More buys more of the rest of the day, less buys less, and what is as it was changes nothing."""
    read_yesterday(planning, [10 * number for number in range(200)])
    made = []
    for usd in (0.0, 4.0, 4.0, 0.5):
        planning.budget_choices.choose({"day_usd": usd}, {})
        jobs = carry_out(planning)
        made.append((len(jobs), planning.stores.plans.newest(1)[0].basis.money.now, len(due(planning))))

    assert [(jobs, now) for jobs, now, _ in made] == [(2, 0), (2, 160), (0, 160), (2, 20)]
    nothing, most, again, few = (dated for _, _, dated in made)
    assert (nothing, most) == (0, again)
    assert 20 <= few <= 60 < 160 <= most


def test_a_share_that_is_changed_counts_too(planning: Services) -> None:
    """Half of $1 buys a hundred posts."""
    read_yesterday(planning, [5] * 200)
    carry_out(planning)
    planning.budget_choices.choose({}, {WorkClass.ENGAGEMENT: 0.5})
    carry_out(planning)

    made = planning.stores.plans.last()
    assert made is not None
    assert made.basis.money.now == 100


def test_what_was_bought_before_the_plan_is_not_kept_for_tomorrow(planning: Services) -> None:
    """The tiers bought thirty posts in the morning: tomorrow's plan keeps nothing for posts without counts."""
    read_yesterday(planning, [5] * 200)
    x_now = planning.ledger.now()
    ids = frozenset(range(1, 31))
    one = Purchase(
        endpoint="posts",
        credential_id="app",
        work_class=WorkClass.ENGAGEMENT,
        result=CallResult.ANSWERED,
        object_ids={PriceKind.POST: ids},
        at=x_now,
    )
    planning.ledger.record(one)
    planning.ledger.copy()
    carry_out(planning)
    planning.stores.db["X_plans"].update_one({}, {"$set": {"placed": 0}})
    made = planning.stores.plans.last()
    assert made is not None

    assert made.basis.already == 30
    assert money_today(planning, followed=200).kept == 0


def test_no_plan_is_begun_before_the_limiter_has_come_to_the_day(planning: Services) -> None:
    """Where the clock of Redis is behind X's, it would be made with what was left of yesterday's money."""
    read_yesterday(planning, [5] * 20)
    now, second = planning.clock.now(), timedelta(seconds=1)
    x_now = midnight(now) + DAY + second if now.hour >= 12 else midnight(now) - second
    planning.limiter.acquire(
        CallRequest("tweets", ("app",), WorkClass.SEARCH, is_paid=True, most=Amounts({PriceKind.POST: 1}))
    )
    planning.ledger.record(
        Purchase(
            endpoint="tweets", credential_id="app", work_class=WorkClass.SEARCH, result=CallResult.ANSWERED, at=x_now
        )
    )

    assert plan(planning, PLAN) == []
    assert planning.stores.plans.last() is None
