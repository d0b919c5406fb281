"""What the readings of a refresh teach the planner, with the simulator as X."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from scheduler.planner import PLAN
from shared.domain import snowflake
from shared.domain.days import midnight
from shared.domain.jobs import PlacePosts, RefreshEngagement
from shared.domain.models import Post
from shared.domain.planning.day import Stage
from shared.services.bootstrap import Services
from tests.scheduler.days import carry_out, read_yesterday
from tests.scheduler.slots import plan
from tests.workers.world import HANDLERS, ScriptedX, Simulator, page
from workers.handlers.engagement import refresh_engagement
from workers.handlers.planning import place_posts

DAY = timedelta(days=1)
Make = Callable[..., Services]


def read_again(services: Services, simulator: Simulator) -> None:
    """Posts of a day and more ago are found as they were then, and read again now."""
    now = services.clock.now()
    found = simulator.posts(f"from:{simulator.names()[0]}", since=now - 3 * DAY, until=now - DAY)[:50]
    ids = tuple(str(post["id"]) for post in found)
    assert len(ids) > 5
    refresh_engagement(services, RefreshEngagement(claim_id="found", post_ids=ids, run_id="r"))
    earlier = {"$set": {"read_at": now - DAY, "metrics.like_count": 0}}
    services.stores.db["X_engagement"].update_many({}, earlier)
    refresh_engagement(services, RefreshEngagement(claim_id="again", post_ids=ids, run_id="r2"))


def test_readings_after_a_gap_teach_the_planner(make_services: Make, simulator: Simulator) -> None:
    """As many samples as posts; those whose counts are known for the first time say nothing."""
    services = make_services(simulator.url, refresh_by="planner")
    read_again(services, simulator)

    learned, model, fitted_on = services.stores.plans.learned()

    assert learned.samples == services.stores.db["X_engagement"].count_documents({"state": "alive"})
    assert (model.source, fitted_on) == ("untrained", None)


def test_the_tiers_learn_nothing(make_services: Make, simulator: Simulator) -> None:
    """Where they decide, nobody asks."""
    services = make_services(simulator.url)
    read_again(services, simulator)

    assert services.stores.plans.learned()[0].samples == 0


def test_what_was_sent_before_midnight_buys_nothing_before_the_plan(make_services: Make, x: ScriptedX) -> None:
    """Of a job on its way what was paid for today is read; the rest is not, unless the plan of the day is made."""
    services = make_services(x.url, refresh_by="planner")
    services.stores.engagement.begin([a_post(services)], now=services.clock.now())
    (post_id,) = [one["_id"] for one in services.stores.db["X_engagement"].find()]
    services.stores.db["X_engagement"].update_one({}, {"$set": {"claim_id": "c"}})
    job = RefreshEngagement(claim_id="c", post_ids=(post_id,))
    x.script = lambda asked: page(int(post_id))

    refresh_engagement(services, job)
    before = list(x.asked)
    carry_out(services)
    services.stores.db["X_engagement"].update_one({}, {"$set": {"claim_id": "c"}})
    refresh_engagement(services, job)

    assert before == []
    assert [asked.path for asked in x.asked] == ["/2/tweets"]


def test_a_part_that_comes_after_its_day_dates_nothing(make_services: Make, x: ScriptedX) -> None:
    """A plan that was not done by midnight is passed over: the money of the new day is not spent by it."""
    services = make_services(x.url, refresh_by="planner")
    read_yesterday(services, [5] * 5)
    long_ago = {"read_at": services.clock.now() - 3 * DAY, "bought_on": midnight(services.clock.now() - 3 * DAY)}
    services.stores.db["X_engagement"].update_many({}, {"$set": long_ago})
    today = services.ledger.now().date()
    ((rank, _),) = plan(services, PLAN)
    HANDLERS[type(rank)](services, rank)
    ((place, _),) = plan(services, PLAN)
    yesterday, db = today - DAY, services.stores.db
    for name in ("X_plans", "X_plan_parts"):
        (one,) = db[name].find()
        db[name].delete_many({})
        db[name].insert_one(one | {"_id": one["_id"].replace(today.isoformat(), yesterday.isoformat())})
    db["X_plan_parts"].update_one({}, {"$set": {"day": yesterday.isoformat()}})

    place_posts(services, PlacePosts(day=yesterday, part=0))
    before = db["X_engagement"].count_documents({"next_refresh_at": {"$ne": None}})

    assert isinstance(place, PlacePosts)
    assert before == 0
    assert services.stores.plans.open_parts(yesterday, Stage.PLACE) == [0]


def a_post(services: Services) -> Post:
    """Without counts: it is bought at once, when the plan is made."""
    now = services.clock.now()
    return Post(id=snowflake.first_id_at(now - DAY), author_id=7, text="", created_at=now - DAY)
