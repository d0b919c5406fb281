"""`refresh_engagement` on real servers: counts, snapshots, X's word on what is gone, and the run that waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
import redis

from shared.domain.errors import NotGranted, StoreUnavailable
from shared.domain.jobs import RefreshEngagement
from shared.domain.models import Post
from shared.domain.money.budgets import ChosenBudgets
from shared.domain.snowflake import created_at
from shared.services.bootstrap import Services
from tests.shared.services.test_storing import counted
from tests.workers.world import ScriptedX, Simulator, page, post, post_id, refusing, stored_ids
from workers.handlers.engagement import refresh_engagement

A, B, C = (post_id(seconds) for seconds in (600, 700, 800))
PROBLEMS = "https://api.x.com/2/problems/"
AT_ONCE = 1e-9  # rounded to no time at all: X's Date has whole seconds, and two words come within one


def know(services: Services, ids: Iterable[int]) -> None:
    """The posts were found some time ago."""
    posts = [Post(id=id_, text="", created_at=created_at(id_)) for id_ in ids]
    now = services.clock.now()
    services.stores.posts.upsert(posts, source="search", now=now, at=now - timedelta(minutes=1))
    services.stores.engagement.begin(posts, now=services.clock.now())


def refresh(services: Services, ids: Iterable[int], *, claim: str = "c1", run: str | None = None) -> None:
    """Deliver one job; the posts of a planned one are claimed, as the planner does, unless it has answered."""
    names = tuple(map(str, ids))
    if run is None:
        open_ones = {"_id": {"$in": names}, "answered_claim": {"$ne": claim}}
        services.stores.db["X_engagement"].update_many(open_ones, {"$set": {"claim_id": claim}})
    refresh_engagement(services, RefreshEngagement(claim_id=claim, post_ids=names, run_id=run))


def engagement(services: Services, id_: int) -> dict[str, Any]:
    """What is known of a post's engagement."""
    found: dict[str, Any] | None = services.stores.db["X_engagement"].find_one({"_id": str(id_)})
    assert found is not None
    return found


def snapshots(services: Services, id_: int) -> list[dict[str, Any]]:
    """The snapshots of a post, the oldest first."""
    return list(services.stores.db["X_engagement_history"].find({"post_id": str(id_)}).sort("at", 1))


def begin_run(services: Services, ids: Iterable[int]) -> str:
    """An ad-hoc request."""
    services.stores.runs.begin("run-1", kind="refresh", subjects=list(map(str, ids)), now=services.clock.now())
    return "run-1"


def words(services: Services) -> dict[str, str]:
    """X's words in the run."""
    run = services.stores.runs.get("run-1")
    assert run is not None
    results: dict[str, str] = run["results"]
    return results


def gone(id_: int, title: str = "Not Found Error", kind: str = "resource-not-found") -> dict[str, str]:
    """X's word about one id."""
    return {"value": str(id_), "resource_id": str(id_), "parameter": "ids", "title": title, "type": PROBLEMS + kind}


def test_a_living_post_gets_counts_a_snapshot_and_a_next_time(services: Services, x: ScriptedX) -> None:
    """The counts X gave are stored on the post, in its state and in a snapshot whose deltas compare with the last."""
    know(services, [A])
    x.script = lambda asked: page(A)
    refresh(services, [A])
    counts = {"retweet_count": 3, "reply_count": 2, "like_count": 10, "quote_count": 4}
    x.script = lambda asked: (200, {"data": [post(A, public_metrics=counts)]})

    refresh(services, [A], claim="c2")

    first, second = snapshots(services, A)
    assert first["deltas"] == {}
    assert (second["metrics"]["like_count"], second["deltas"]["like_count"], second["deltas"]["retweet_count"]) == (
        10,
        7,
        2,
    )
    state = engagement(services, A)
    assert (state["state"], state["readings"], state["metrics"]["like_count"]) == ("alive", 2, 10)
    assert state["next_refresh_at"] > services.clock.now()
    stored = services.stores.db["X_tweets"].find_one({"_id": str(A)})
    assert stored is not None
    assert stored["public_metrics"]["like_count"] == 10


def test_a_hundred_posts_are_refreshed_by_as_many_commands_as_one(
    services: Services, x: ScriptedX, mongo_uri: str
) -> None:
    """Their turn, one look at all that is there, and one write of posts, snapshots, states and what was read."""
    sent = {}
    for count in (1, 100):
        ids = [post_id(1000 + number, count) for number in range(count)]
        know(services, ids)
        x.script = lambda asked, ids=ids: page(*ids)  # type: ignore[misc]
        refresh(services, ids, claim=f"first-{count}")
        more = {"retweet_count": 3, "reply_count": 2, "like_count": 10, "quote_count": 4}
        told = (200, {"data": [post(id_, public_metrics=more) for id_ in ids]})
        x.script = lambda asked, told=told: told  # type: ignore[misc]
        with counted(services, mongo_uri) as (measured, commands):
            refresh(measured, ids, claim=f"second-{count}")
            sent[count] = sorted(commands.names[1:])  # after the claim
        likes = {engagement(services, id_)["metrics"]["like_count"] for id_ in ids}
        assert (likes, len(snapshots(services, ids[-1]))) == ({10}, 2)

    assert sent[100] == sent[1]
    assert sent[100] == ["aggregate", "find", "find", "insert", "update", "update", "update"]


def test_what_was_bought_today_is_looked_up_once_a_job(
    services: Services, x: ScriptedX, redis_client: redis.Redis
) -> None:
    """What it reserves and what it counts as free rest on one look at the ledger."""
    know(services, [A, B, C])
    x.script = lambda asked: page(*(int(one) for one in asked.params["ids"].split(",")))
    refresh(services, [A, B])
    redis_client.config_resetstat()

    refresh(services, [A, B, C], claim="c2")

    told = redis_client.info("commandstats")
    assert isinstance(told, dict)
    reads = services.stores.db["reads"].find_one({"source": None})
    assert reads is not None
    assert told["cmdstat_sismember"]["calls"] == 3  # once a post
    assert (reads["calls"], reads["bought"], reads["free"]) == (2, 3, 2)


def test_the_simulator_and_covey_agree_on_what_became_of_posts(
    make_services: Callable[..., Services], simulator: Simulator, request: pytest.FixtureRequest
) -> None:
    """Posts that are alive, deleted, suspended and protected get the state the simulator knows, after two words."""
    simulated = make_services(simulator.url, gone_confirm_seconds=AT_ONCE)
    names = {"live": "alive", "deleted": "deleted", "suspended": "suspended", "protected": "protected"}
    spare = simulator.accounts()[-1]["username"]  # nobody follows it: see `Simulator.names`
    assert spare not in simulator.names()
    simulator.order("accounts", {"account": spare, "change": "suspend"})
    request.addfinalizer(lambda: simulator.order("accounts", {"account": spare, "change": "restore"}))
    records = simulator.truth("posts")["posts"][::-1]  # old posts: nothing becomes of them while this runs
    asked: dict[int, str] = {}
    for theirs, ours in names.items():
        asked |= dict.fromkeys([int(record["id"]) for record in records if record["state"] == theirs][:10], ours)
    assert set(asked.values()) == set(names.values())
    know(simulated, asked)
    run = begin_run(simulated, asked)

    refresh(simulated, asked, claim="c1", run=run)
    after_one = {id_: engagement(simulated, id_)["state"] for id_ in asked}
    refresh(simulated, asked, claim="c2")

    assert words(simulated) == {str(id_): state for id_, state in asked.items()}
    assert set(after_one.values()) == {"alive"}
    assert {id_: engagement(simulated, id_)["state"] for id_ in asked} == asked
    for id_, state in asked.items():
        stored = simulated.stores.db["X_tweets"].find_one({"_id": str(id_)}) or {}
        reason = stored.get("gone", {}).get("reason")
        assert reason == (None if state == "alive" else state)
        assert (engagement(simulated, id_)["next_refresh_at"] is None) == (state != "alive")
        assert bool(snapshots(simulated, id_)) == (state == "alive")


def test_the_first_word_that_a_post_is_gone_asks_again_soon(services: Services, x: ScriptedX) -> None:
    """After one word the post is alive to Covey and due again after the time set for it."""
    know(services, [A])
    x.script = lambda asked: (200, {"errors": [gone(A)]})
    before = services.clock.now()

    refresh(services, [A])

    state = engagement(services, A)
    assert (state["state"], state["gone_reports"]) == ("alive", 1)
    wait = timedelta(seconds=services.settings.gone_confirm_seconds)
    assert before + wait - timedelta(seconds=2) <= state["next_refresh_at"] <= services.clock.now() + wait


@pytest.mark.parametrize(
    "errors",
    [[], [gone(A, kind="internal-error")], [gone(A) | {"parameter": "referenced_tweets.id"}], [gone(A, title="New")]],
    ids=["no word", "a passing fault", "about another post", "a title nobody knows"],
)
def test_unknown_is_not_gone(services: Services, x: ScriptedX, errors: list[dict[str, str]]) -> None:
    """However often X says nothing that settles it, the post stays alive and is asked for again."""
    know(services, [A])
    x.script = lambda asked: (200, {"data": [post(B)], "errors": errors})
    run = begin_run(services, [A])

    for claim in ("c1", "c2", "c3"):
        refresh(services, [A, B], claim=claim, run=run)

    state = engagement(services, A)
    assert (state["state"], state["gone_reports"]) == ("alive", 0)
    assert state["next_refresh_at"] > services.clock.now()
    assert words(services)[str(A)] == "unknown"


def test_an_unseen_post_is_adopted(services: Services, x: ScriptedX) -> None:
    """A post that was never seen is stored, read and followed from then on."""
    x.script = lambda asked: page(A)

    refresh(services, [A], run=begin_run(services, [A]))

    assert stored_ids(services) == {A}
    assert engagement(services, A)["readings"] == 1
    assert len(snapshots(services, A)) == 1
    assert words(services) == {str(A): "alive"}


def test_a_gone_post_nobody_knew_leaves_a_word_and_no_document(services: Services, x: ScriptedX) -> None:
    """X's word about an id that was never seen is in the run, and nothing else is made of it."""
    x.script = lambda asked: (200, {"errors": [gone(A)]})

    refresh(services, [A], run=begin_run(services, [A]))

    assert words(services) == {str(A): "deleted"}
    assert services.stores.db["X_engagement"].count_documents({}) == 0


def test_a_claim_that_comes_twice_is_read_once(services: Services, x: ScriptedX) -> None:
    """The second delivery asks X nothing and leaves one snapshot."""
    know(services, [A, B])
    x.script = lambda asked: page(A, B)

    refresh(services, [A, B])
    refresh(services, [A, B])

    assert len(x.asked) == 1
    assert len(snapshots(services, A)) == 1
    assert engagement(services, A)["readings"] == 1


def test_a_claim_whose_lease_ended_is_read_by_its_heir_only(services: Services, x: ScriptedX) -> None:
    """A job that waited until its posts went to another claim, or were read by it, asks X nothing."""
    know(services, [A, B])
    x.script = lambda asked: page(A, B)
    store, now, lease = services.stores.engagement, services.clock.now(), timedelta(minutes=10)
    for claim, at in (("first", now), ("second", now + lease)):
        assert set(store.claim_due([claim], size=9, now=at, lease=lease)[claim]) == {A, B}
    late, heir = (RefreshEngagement(claim_id=claim, post_ids=(str(A), str(B))) for claim in ("first", "second"))

    for job in (late, heir, late):
        refresh_engagement(services, job)

    assert len(x.asked) == 1
    assert [engagement(services, id_)["answered_claim"] for id_ in (A, B)] == ["second", "second"]
    assert len(snapshots(services, A)) == 1


@pytest.mark.parametrize("runs", [("run-1", "run-1"), ("run-1", None), (None, "run-1"), (None, None)])
def test_two_words_within_a_moment_do_not_mark_a_post_gone(
    services: Services, x: ScriptedX, runs: tuple[str | None, str | None]
) -> None:
    """Whether a person or the schedule asked: the run has X's word, and the post is asked for again in an hour."""
    know(services, [A])
    x.script = lambda asked: (200, {"errors": [gone(A)]})
    begin_run(services, [A])

    for claim, run in zip(("c1", "c2"), runs, strict=True):
        refresh(services, [A], claim=claim, run=run)

    state = engagement(services, A)
    assert len(x.asked) == 2
    assert (state["state"], state["gone_reports"]) == ("alive", 1)
    assert state["next_refresh_at"] - state["gone_first_at"] >= timedelta(hours=1)
    assert words(services) == ({str(A): "deleted"} if any(runs) else {})
    assert "gone" not in (services.stores.db["X_tweets"].find_one({"_id": str(A)}) or {})


def test_only_what_the_claim_has_not_answered_is_read(services: Services, x: ScriptedX) -> None:
    """Of a batch that was answered in part only the rest is asked for."""
    know(services, [A, B])
    x.script = lambda asked: page(A)
    refresh(services, [A])
    x.script = lambda asked: page(B)

    refresh(services, [A, B])

    assert [asked.params["ids"] for asked in x.asked] == [str(A), str(B)]


@pytest.mark.parametrize("step", ["X_tweets", "X_engagement_history", "X_engagement", "runs"])
def test_a_crash_at_any_step_loses_no_word(services: Services, x: ScriptedX, step: str) -> None:
    """Whichever write fails, the same delivery again leaves every word in the run and one snapshot a post."""
    know(services, [A, B, C])
    x.script = lambda asked: page(A, B, errors=[gone(C)])
    run = begin_run(services, [A, B, C])

    with refusing(services, step), pytest.raises(StoreUnavailable):
        refresh(services, [A, B, C], run=run)
    refresh(services, [A, B, C], run=run)

    assert words(services) == {str(A): "alive", str(B): "alive", str(C): "deleted"}
    assert [len(snapshots(services, id_)) for id_ in (A, B, C)] == [1, 1, 0]
    assert [engagement(services, id_)["readings"] for id_ in (A, B, C)] == [1, 1, 1]
    assert engagement(services, C)["gone_reports"] == 1


def test_a_crash_before_the_mark_does_not_lose_why_a_post_is_gone(
    make_services: Callable[..., Services], x: ScriptedX
) -> None:
    """When the second word cannot be noted on the post, the same delivery again notes it."""
    services = make_services(x.url, gone_confirm_seconds=AT_ONCE)
    know(services, [A])
    x.script = lambda asked: (200, {"errors": [gone(A)]})
    refresh(services, [A])

    with refusing(services, "X_tweets"), pytest.raises(StoreUnavailable):
        refresh(services, [A], claim="c2")
    refresh(services, [A], claim="c2")

    stored = services.stores.db["X_tweets"].find_one({"_id": str(A)})
    assert stored is not None
    assert stored["gone"]["reason"] == "deleted"
    assert engagement(services, A)["state"] == "deleted"


def test_a_budget_too_small_for_all_posts_is_spent_on_some(services: Services, x: ScriptedX) -> None:
    """A tenth of the job at a time, and with it what is free, until not even that fits; each post is bought once."""
    ids = [post_id(3600, number) for number in range(40)]
    know(services, ids)
    x.script = lambda asked: page(*(int(one) for one in asked.params["ids"].split(",")))
    refresh(services, ids[:2])
    services.limiter.choose_budgets(ChosenBudgets({"day_usd": 0.05}))  # ten posts, two of them bought

    for _ in range(3):
        with pytest.raises(NotGranted):
            refresh(services, ids, claim="c2", run="r")  # the most urgent class, which no floor holds back
    services.limiter.choose_budgets(ChosenBudgets())
    refresh(services, ids, claim="c2", run="r")

    sizes = [len(asked.params["ids"].split(",")) for asked in x.asked]
    assert sizes == [2, 2 + 4, 3, 31]
    assert {engagement(services, id_)["readings"] for id_ in ids[2:]} == {1}


def test_without_money_only_what_was_bought_today_is_read(services: Services, x: ScriptedX) -> None:
    """A spent budget lets the free posts of a batch through at once; the others wait, and none is asked twice."""
    know(services, [A, B, C])
    x.script = lambda asked: page(*(int(one) for one in asked.params["ids"].split(",")))
    refresh(services, [A, B])
    services.limiter.choose_budgets(ChosenBudgets({"day_usd": 0.01}))

    for _ in range(2):
        with pytest.raises(NotGranted):
            refresh(services, [A, B, C], claim="c2")
    services.limiter.choose_budgets(ChosenBudgets())
    refresh(services, [A, B, C], claim="c2")

    assert [asked.params["ids"] for asked in x.asked] == [f"{A},{B}", f"{A},{B}", str(C)]
    assert [engagement(services, id_)["readings"] for id_ in (A, B, C)] == [2, 2, 1]
