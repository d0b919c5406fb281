"""What the readings of a refresh teach the planner, with the simulator as X."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from shared.domain import snowflake
from shared.domain.jobs import RefreshEngagement
from shared.domain.models import Post
from shared.services.bootstrap import Services
from tests.scheduler.days import carry_out
from tests.workers.world import ScriptedX, Simulator, page
from workers.handlers.engagement import refresh_engagement

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


def a_post(services: Services) -> Post:
    """Without counts: it is bought at once, when the plan is made."""
    now = services.clock.now()
    return Post(id=snowflake.first_id_at(now - DAY), author_id=7, text="", created_at=now - DAY)
