"""One round on real servers, against the simulator and an X that answers by a script."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from once.brake import Caps
from once.round import run
from shared.domain.jobs import ALL_QUEUES, Queue
from shared.domain.planning.day import Stage
from shared.services.bootstrap import Services
from shared.services.pausing import Pausing
from tests.once.conftest import Round
from tests.scheduler.days import read_yesterday
from tests.workers.world import NOW, Asked, ScriptedX, Simulator, page, post_id

PAGES: dict[str | None, tuple[int, Any]] = {
    None: page(post_id(10), post_id(11), token="b"),
    "b": page(post_id(20), post_id(21), token="c"),
    "c": page(post_id(30), post_id(31), token="d"),
    "d": page(post_id(40), post_id(41)),
}


def searches(asked: Asked) -> tuple[int, Any]:
    """Four pages of a search, and nothing of anything else."""
    return PAGES[asked.params.get("next_token")] if "search" in asked.path else (200, {"meta": {"result_count": 0}})


def tokens(x: ScriptedX) -> list[str | None]:
    """The pages of searches that were asked for, in their order."""
    return [asked.params.get("next_token") for asked in x.asked if "search" in asked.path]


def follow(services: Services, *names: str, minutes: float = 10) -> None:
    """Follow accounts."""
    services.following.follow(names, since=NOW - timedelta(minutes=minutes), now=services.clock.now())


def test_a_round_does_all_that_is_due(simulated: Services, simulator: Simulator, one_round: Round) -> None:
    """Posts, their authors and files are stored and told in the feed, nothing waits, and the process is not missed."""
    names = simulator.names()[:3]
    follow(simulated, *names)
    simulated.following.follow(simulator.names()[3:4], since=NOW, now=simulated.clock.now() + timedelta(seconds=50))

    done = one_round(simulated)

    assert (done.ended, done.status, done.left, done.failures) == ("done", 0, {}, {})
    assert done.posts_stored == simulated.stores.posts.count() > 0
    assert done.calls > 1
    assert done.usd > 0
    assert done.jobs["done"] >= 3
    assert all(stream.sweeps_completed == 1 for stream in simulated.stores.streams.active())
    assert simulated.stores.authors.count() == 0
    assert simulated.stores.media.count_by_status().get("pending", 0) == 0
    assert simulated.stores.processes.all() == []
    assert simulated.stores.feed.bounds("default") == (1, min(1_000, simulated.stores.mentions.count()))


def test_what_a_cap_left_goes_on_at_its_page(services: Services, x: ScriptedX, one_round: Round) -> None:
    """Rounds of one call each ask for each page once; the last of them says that all is done."""
    x.script = searches
    follow(services, "alice")

    ends = [one_round(services, only=[Queue.SEARCH], calls=1) for _ in range(4)]

    assert tokens(x) == [None, "b", "c", "d"]
    assert [(done.ended, done.status, done.calls) for done in ends] == [("max_calls", 3, 1)] * 4
    assert ends[0].left["search"] == 1
    assert one_round(services, only=[Queue.SEARCH]).ended == "done"
    assert tokens(x) == [None, "b", "c", "d"]
    assert services.stores.posts.count() == 8


def test_posts_and_seconds_are_caps_too(services: Services, x: ScriptedX, one_round: Round) -> None:
    """A round ends with the page that brings it to so many new posts, and after its time."""
    x.script = searches
    follow(services, "alice")

    assert (one_round(services, only=[Queue.SEARCH], posts=3).ended, tokens(x)) == ("max_posts", [None, "b"])
    x.script = lambda asked: (503, {})
    assert one_round(services, only=[Queue.SEARCH], seconds=1).ended == "max_seconds"


def test_a_paused_queue_is_left_alone(services: Services, x: ScriptedX, one_round: Round) -> None:
    """Nothing is planned for it or asked, and the summary names it."""
    follow(services, "alice")
    Pausing(services.stores.state).pause(ALL_QUEUES, now=NOW)

    done = one_round(services)

    assert (done.ended, done.calls, x.asked) == ("done", 0, [])
    assert set(done.paused) == set(ALL_QUEUES)


def test_a_refusal_that_takes_a_person_is_a_failure(services: Services, x: ScriptedX, one_round: Round) -> None:
    """Where X refuses the token the round ends with status 1, and says what failed."""
    x.script = lambda asked: (401, {"title": "Unauthorized"})
    follow(services, "alice")

    done = one_round(services, only=[Queue.SEARCH])

    assert (done.ended, done.status) == ("done", 1)
    assert [what.split(":")[0] for what in done.failures] == ["search_page"]
    assert done.left["search"] == 1


def test_two_rounds_at_once_ask_for_each_page_once(services: Services, x: ScriptedX, one_round: Round) -> None:
    """Claims keep them apart; both end."""
    x.script = searches
    follow(services, "alice")

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: one_round(services, only=[Queue.SEARCH]), range(2)))

    assert [one.status for one in done] == [0, 0]
    assert tokens(x) == [None, "b", "c", "d"]


def test_a_signal_ends_a_round(services: Services, x: ScriptedX) -> None:
    """What runs is finished, the rest is left, and the status says so."""
    stop = threading.Event()
    follow(services, "alice")

    def answer(asked: Asked) -> tuple[int, Any]:
        stop.set()
        return searches(asked)

    x.script = answer
    done = run(services.settings, [Queue.SEARCH], Caps(), stop=stop, show=lambda _: None)

    assert (done.ended, done.status) == ("interrupted", 3)
    assert services.stores.posts.count() >= 2


def test_a_round_makes_the_plan_of_the_day_and_reads_what_it_buys(
    make_services: Callable[..., Services], x: ScriptedX, one_round: Round
) -> None:
    """All of its parts, then the posts for the day's money: a second round the same day buys no other."""
    services = make_services(
        x.url, refresh_by="planner", budget_day_usd=1.0, budget_shares={"engagement": 0.05}, compliance_every_seconds=0
    )
    ids = read_yesterday(services, [10 * number for number in range(30)])
    x.script = lambda asked: page(*map(int, asked.params["ids"].split(",")))

    one_round(services, only=[Queue.ENGAGEMENT])
    one_round(services, only=[Queue.ENGAGEMENT])

    assert services.stores.plans.stage(services.ledger.now().date()) is Stage.DONE
    asked = {int(one) for call in x.asked if call.path == "/2/tweets" for one in call.params["ids"].split(",")}
    assert 1 <= len(asked) <= 10  # the twentieth part of a dollar
    assert asked <= set(ids)
    assert asked & set(ids[20:])


def test_a_round_makes_the_group_tests_before_it_reads(
    make_services: Callable[..., Services], x: ScriptedX, one_round: Round
) -> None:
    """Nobody knows who wrote the posts, so there is nothing to ask, and what the plan buys is read."""
    money = {"budget_day_usd": 3.0, "budget_shares": {"engagement": 0.2}, "compliance_every_seconds": 0}
    services = make_services(x.url, refresh_by="planner", plan_group_tests=True, **money)
    read_yesterday(services, [10] * 200)
    x.script = lambda asked: page(*map(int, asked.params["ids"].split(",")))

    done = one_round(services, only=[Queue.ENGAGEMENT])

    told = services.stores.group_tests.told(services.ledger.now().date())
    assert told is not None
    assert (told.is_done, told.requests) == (True, 0)
    assert done.status in {0, 3}
    assert [call.path for call in x.asked][:1] == ["/2/tweets"]
