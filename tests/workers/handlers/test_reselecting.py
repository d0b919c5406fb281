"""Selective following on real servers: what sources ask for decides what is due, and a change what becomes due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from scheduler.planner import PURGE, REFRESH
from shared.domain.attribution import Concern, Why
from shared.domain.counts import PostMetrics
from shared.domain.coverage.sweeps import Sweep
from shared.domain.engagement.selection import ALL, NONE, RefreshRule
from shared.domain.errors import StoreUnavailable
from shared.domain.jobs import RefreshEngagement, Reselect
from shared.domain.models import Post
from shared.domain.snowflake import created_at
from shared.domain.sources import TRACKED, Source, SourceKind, Terms
from shared.services.bootstrap import Services
from tests.scheduler.slots import plan
from tests.workers.world import (
    ScriptedX,
    Simulator,
    next_sweep,
    open_sweep,
    page,
    post,
    post_id,
    read_to_end,
    refusing,
)
from workers.handlers.engagement import refresh_engagement
from workers.handlers.reselecting import reselect

A, B, C = (post_id(seconds) for seconds in (60, 120, 180))
TEN = RefreshRule(min_engagement=10)


def ask(services: Services, rule: RefreshRule, id_: str = TRACKED) -> None:
    """The source asks for the engagement of these of its posts from now on."""
    if id_ == TRACKED:  # all that is followed is asked for by `covey track`
        names = [one["_id"] for one in services.stores.handles.all()]
        services.stores.sources.add_accounts(TRACKED, names, now=services.clock.now())
        services.stores.handles.asked_by(TRACKED, names)
    before = services.stores.sources.get(id_)
    assert before is not None
    assert services.stores.sources.put(before, replace(before, refresh=rule), now=services.clock.now())


def begin(services: Services) -> Sweep:
    """Follow the account that writes all posts here, and open its first sweep."""
    sweep = open_sweep(services)
    services.stores.db["X_tracked_handles"].update_one({"_id": "alice"}, {"$set": {"user_id": "7"}})
    return sweep


def terms(services: Services, id_: str, rule: RefreshRule) -> str:
    """A source of terms; the id of its stream."""
    one = Source(id=id_, name=id_, kind=SourceKind.TERMS, terms=Terms(keywords=("post",)), refresh=rule)
    assert services.stores.sources.add(one, now=services.clock.now())
    key, now = one.key, services.clock.now()
    assert key is not None
    services.following.carry(services.following.uncarried([key]), since=now - timedelta(minutes=10), now=now)
    return services.stores.streams.with_members([key])[0].id


def due(services: Services, *, after: timedelta = timedelta(days=2)) -> set[int]:
    """The posts that will be due by then."""
    by = services.clock.now() + after
    found = services.stores.db["X_engagement"].find({"next_refresh_at": {"$lte": by, "$type": "date"}})
    return {int(one["_id"]) for one in found}


def known(services: Services, id_: int) -> dict[str, Any]:
    """The state of a post."""
    found: dict[str, Any] | None = services.stores.db["X_engagement"].find_one({"_id": str(id_)})
    assert found is not None
    return found


def likes(id_: int, count: int, **more: Any) -> dict[str, Any]:
    """A post with so many acts of people."""
    counts = {"retweet_count": 0, "reply_count": 0, "like_count": count, "quote_count": 0}
    return post(id_, public_metrics=counts, **more)


def told(*posts: dict[str, Any]) -> tuple[int, Any]:
    """A page of them."""
    return 200, {"data": list(posts), "meta": {"result_count": len(posts)}}


def settle(services: Services) -> None:
    """Both times that posts are gone through, the second as after the lease."""
    reselect(services, Reselect())
    past = services.clock.now() - timedelta(seconds=services.settings.refresh_lease_seconds + 1)
    services.stores.db["sources"].update_many({"reselect": {"$exists": True}}, {"$set": {"reselect.asked_at": past}})
    reselect(services, Reselect())


def test_posts_of_a_source_that_wants_none_cost_nothing_more(simulated: Services, simulator: Simulator) -> None:
    """A search buys them; none of them is due after that, and X is asked for none of them again."""
    sweep = open_sweep(simulated, names=simulator.names()[:2], since=simulated.clock.now() - timedelta(hours=2))
    ask(simulated, NONE)
    read_to_end(simulated, sweep.id)
    before, asked = simulator.truth("bill")["micro_usd"], simulator.calls("tweets")
    states = list(simulated.stores.db["X_engagement"].find())
    assert len(states) > 20

    assert plan(simulated, REFRESH, now=simulated.clock.now() + timedelta(days=3)) == []
    assert simulated.stores.engagement.count_due(now=simulated.clock.now() + timedelta(days=3)) == 0
    assert all(one["metrics"] is not None and one["next_refresh_at"] is None for one in states)
    assert (simulator.truth("bill")["micro_usd"], simulator.calls("tweets")) == (before, asked)


def test_a_least_engagement_leaves_the_rest_out_and_takes_it_back_at_once(
    simulated: Services, simulator: Simulator
) -> None:
    """By the counts that X told with each post; without the condition all that are young are due, within one job."""
    sweep = open_sweep(simulated, names=simulator.names()[:2], since=simulated.clock.now() - timedelta(hours=2))
    ask(simulated, TEN)
    read_to_end(simulated, sweep.id)
    acts = {
        int(one["_id"]): sum(count for name, count in one["public_metrics"].items() if name != "impression_count")
        for one in simulated.stores.db["X_tweets"].find({"found_by": "search"})
    }
    many = {id_ for id_, count in acts.items() if count >= 10}
    assert 0 < len(many) < len(acts)
    assert due(simulated) == many

    ask(simulated, ALL)
    reselect(simulated, Reselect())

    assert due(simulated) == set(acts)
    assert due(simulated, after=timedelta(seconds=1)) >= set(acts) - many


def test_a_post_is_followed_once_another_source_or_more_engagement_asks_for_it(
    services: Services, x: ScriptedX
) -> None:
    """Found again for a source that wants all, or with enough acts, it is due at once, which the search paid for."""
    sweep = begin(services)
    ask(services, TEN)
    x.script = lambda asked: told(*(likes(id_, 3) for id_ in (A, B, C)))
    read_to_end(services, sweep.id)
    assert due(services) == set()

    five = terms(services, "five", RefreshRule(min_engagement=5))
    x.script = lambda asked: told(likes(A, 12), likes(B, 4), likes(C, 3))
    read_to_end(services, next_sweep(services, five, "sweep-2").id)
    assert due(services, after=timedelta()) == {A}
    assert known(services, B)["follow_from"] == 5
    assert known(services, A)["bought_on"].date() == services.ledger.now().date()

    every = terms(services, "every", ALL)
    x.script = lambda asked: told(likes(C, 3))
    read_to_end(services, next_sweep(services, every, "sweep-3").id)
    assert due(services, after=timedelta()) == {A, C}


def test_what_nothing_explains_is_followed_as_those_ask_who_searched(services: Services, x: ScriptedX) -> None:
    """X finds by more than what it sends: a post that concerns nobody as it reads is not bought again for nobody."""
    sweep = begin(services)
    ask(services, NONE)
    x.script = lambda asked: told(likes(A, 3, author_id="8"))

    read_to_end(services, sweep.id)

    assert "concerns" not in (services.stores.posts.get(A) or {})
    assert due(services) == set()


def test_a_reading_that_a_person_asked_for_may_reach_what_is_asked(services: Services, x: ScriptedX) -> None:
    """With enough acts the post is followed from then on, and stays so when they fall; with fewer it stays left out."""
    sweep = begin(services)
    ask(services, TEN)
    x.script = lambda asked: told(likes(A, 3), likes(B, 3))
    read_to_end(services, sweep.id)
    x.script = lambda asked: told(likes(A, 9), likes(B, 10))

    refresh(services, A, B)

    assert due(services) == {B}
    assert known(services, A)["metrics"]["like_count"] == 9
    x.script = lambda asked: told(likes(B, 2))
    refresh(services, B)
    assert due(services) == {B}


def test_posts_of_followed_authors_are_told_by_the_accounts_that_the_tenant_follows(
    services: Services, x: ScriptedX
) -> None:
    """A source of terms follows what they wrote, whoever asks for the account, and nothing of strangers."""
    services.following.follow(["alice"], since=created_at(C), now=services.clock.now(), source=TRACKED)
    ask(services, NONE)
    services.stores.db["X_tracked_handles"].update_one({"_id": "alice"}, {"$set": {"user_id": "7"}})
    floods = terms(services, "floods", RefreshRule(of_followed=True))
    x.script = lambda asked: told(likes(A, 1, author_id="7"), likes(B, 50, author_id="8"))

    read_to_end(services, next_sweep(services, floods, "sweep-1").id)

    assert due(services) == {A}
    ask(services, ALL, "floods")
    settle(services)
    assert due(services) == {A, B}
    ask(services, RefreshRule(of_followed=True), "floods")
    settle(services)
    assert due(services) == {A}


def test_what_was_under_way_by_the_rule_before_is_decided_anew(services: Services, x: ScriptedX) -> None:
    """A claim on a post that nobody wants any more is void, and what a late job wrote is undone the second time."""
    sweep = begin(services)
    ask(services, ALL)
    x.script = lambda asked: page(A)
    read_to_end(services, sweep.id)
    now = services.clock.now() + timedelta(days=1)
    services.stores.engagement.claim_due(["c1"], size=10, now=now, lease=timedelta(minutes=5))
    ask(services, NONE)
    reselect(services, Reselect())
    asked = len(x.asked)
    refresh_engagement(services, RefreshEngagement(claim_id="c1", post_ids=(str(A),)))
    assert len(x.asked) == asked
    assert due(services) == set()
    (walk,) = services.stores.selection.walks()
    assert walk.is_second
    written = {"follow_from": None, "next_refresh_at": services.clock.now()}
    services.stores.db["X_engagement"].update_one({"_id": str(A)}, {"$set": written})

    assert Reselect() in [job for job, _ in plan(services, PURGE)]
    reselect(services, Reselect())  # too early
    assert due(services) == {A}
    settle(services)

    assert due(services) == set()
    assert services.stores.selection.walks() == []
    assert Reselect() not in [job for job, _ in plan(services, PURGE)]


def test_many_posts_are_gone_through_part_by_part(services: Services) -> None:
    """Ones of one moment too; a part that could not be written has its turn again, and old ones stay as they are."""
    now = services.clock.now()
    one = Source(id="floods", name="floods", kind=SourceKind.TERMS, terms=Terms(keywords=("a",)), refresh=NONE)
    assert services.stores.sources.add(one, now=now)
    young = [_stored(services, id_, now - timedelta(days=1)) for id_ in range(1, 8)]
    young += [_stored(services, id_, now - timedelta(hours=id_)) for id_ in range(8, 14)]
    old = [_stored(services, id_, now - timedelta(days=31)) for id_ in (20, 21)]
    gone = _stored(services, 30, now)
    services.stores.db["X_engagement"].update_one({"_id": str(gone)}, {"$set": {"state": "deleted"}})
    services.stores.db["X_engagement"].update_many(
        {"_id": {"$in": [str(id_) for id_ in (*young, *old, gone)]}},
        {"$set": {"follow_from": float("inf"), "next_refresh_at": None}},
    )
    ask(services, ALL, "floods")

    with refusing(services, "X_engagement"), pytest.raises(StoreUnavailable):
        reselect(services, Reselect(), batch=3, batches=4)
    for _ in range(8):
        reselect(services, Reselect(), batch=3, batches=4)

    assert due(services, after=timedelta()) == {*young}
    assert not {*old} & due(services)
    assert known(services, gone)["follow_from"] == float("inf")


def _stored(services: Services, id_: int, made: datetime) -> int:
    """A post of the source `floods` that is followed."""
    one = Post(id=id_, text="a", created_at=made, author_id=9, metrics=PostMetrics(like_count=1))
    services.stores.posts.upsert(
        [one], source="search", now=made, concerns={id_: [Concern("floods", "+floods", Why.TERM)]}
    )
    services.stores.engagement.begin([one], now=services.clock.now())
    return id_


def refresh(services: Services, *ids: int) -> None:
    """Somebody asks for the counts of posts."""
    run = f"run-{services.clock.now().timestamp()}"
    services.stores.runs.begin(run, kind="refresh", subjects=list(map(str, ids)), now=services.clock.now())
    refresh_engagement(services, RefreshEngagement(claim_id=run, post_ids=tuple(map(str, ids)), run_id=run))


def test_where_the_planner_decides_posts_wait_for_its_next_plan(
    make_services: Callable[..., Services], x: ScriptedX
) -> None:
    """They are followed again, and nothing is bought beside the plan."""
    services = make_services(x.url, refresh_by="planner")
    sweep = begin(services)
    ask(services, NONE)
    x.script = lambda asked: told(likes(A, 3))
    read_to_end(services, sweep.id)

    ask(services, ALL)
    settle(services)

    assert (known(services, A)["follow_from"], known(services, A)["next_refresh_at"]) == (None, None)


def test_by_the_planner_what_was_never_counted_is_due_at_once(
    make_services: Callable[..., Services], x: ScriptedX
) -> None:
    """No plan could say what it is worth; its first reading is bought as that of any post without counts."""
    services = make_services(x.url, refresh_by="planner")
    sweep = begin(services)
    ask(services, NONE)
    x.script = lambda asked: told({name: value for name, value in post(A).items() if name != "public_metrics"})
    read_to_end(services, sweep.id)
    before = known(services, A)["read_at"], known(services, A)["next_refresh_at"]

    ask(services, ALL)
    settle(services)

    assert before == (None, None)
    assert due(services) == {A}
