"""`count_followed` on a real MongoDB: counted in the background, told by everybody who is asked."""

from __future__ import annotations

from datetime import timedelta

from control import budget, commands
from scheduler.planner import COUNT
from shared.domain.counts import PostMetrics
from shared.domain.engagement.tiers import Tier
from shared.domain.jobs import CountFollowed
from shared.domain.models import Post
from shared.services.bootstrap import Services
from tests.scheduler.slots import plan
from workers.handlers.standing import count_followed


def begin(services: Services, ids: range, *, counts: bool) -> None:
    """Follow posts that were made now; without counts they are due, and not paid for today."""
    now = services.clock.now()
    told = PostMetrics(like_count=1) if counts else None
    yesterday = now - timedelta(days=1)
    posts = [Post(id=id_, text="", created_at=now, metrics=told) for id_ in ids]
    services.stores.engagement.begin(posts, now=now, at=now if counts else yesterday)


def age(services: Services, by: timedelta) -> None:
    """Let the last count have been made so much earlier."""
    state = services.stores.db["X_state"]
    at = services.clock.now() - by
    assert state.update_one({"_id": "standing"}, {"$set": {"value.at": at}}).matched_count == 1


def test_what_is_followed_is_counted_by_tier(services: Services) -> None:
    """The scheduler sends for it; a count of a moment ago is not made again, an older one is."""
    begin(services, range(1, 6), counts=False)
    begin(services, range(6, 10), counts=True)
    assert [job for job, _ in plan(services, COUNT)] == [CountFollowed()]

    count_followed(services, CountFollowed())

    last = services.stores.standing.last()
    assert last is not None
    assert (last.tiers[Tier.ULTRA_HOT].followed, last.total.followed, last.total.due) == (9, 9, 5)
    begin(services, range(10, 12), counts=False)
    count_followed(services, CountFollowed())
    assert services.stores.standing.last() == last
    age(services, timedelta(seconds=31))
    count_followed(services, CountFollowed())
    again = services.stores.standing.last()
    assert again is not None
    assert (again.total.followed, again.total.due) == (11, 7)


def test_status_and_budget_tell_the_last_count_while_it_is_fresh(services: Services) -> None:
    """Nobody who asks counts; where nobody has counted lately they do."""
    begin(services, range(1, 6), counts=False)
    count_followed(services, CountFollowed())
    begin(services, range(6, 9), counts=False)

    def told() -> tuple[int, str]:
        wanted = budget.show(services)["wanted"]["engagement"]["basis"]
        return commands.status(services)["refreshes_due"], wanted

    assert told() == (5, "5 posts due before midnight that were not read today")
    age(services, timedelta(minutes=6))
    assert told() == (8, "8 posts due before midnight that were not read today")
