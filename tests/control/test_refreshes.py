"""`covey refresh --wait`: what came of each post, and what was in the way, against the simulator and its faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from control import budget, commands, refreshes, work
from shared.domain.jobs import Queue
from shared.runtime.clock import SystemClock
from shared.services.bootstrap import Services
from tests.control.conftest import Invoke
from tests.workers.world import Simulator, eventually, jobs_in

LONG = "60"  # seconds that no test waits


@pytest.fixture
def lively(simulator: Simulator) -> list[str]:
    """Posts that can be read for as long as the test takes."""
    found = simulator.truth("posts")["posts"][-400:]
    return [post["id"] for post in found if post["state"] == "live" and post["unsearchable_at"] is None][:3]


@pytest.fixture
def faults(simulator: Simulator) -> Iterator[Any]:
    """Lets X answer every look-up of posts with a problem; afterwards it is good again."""

    def misbehave(problem: str) -> None:
        answer = {"kind": "problem", "problem": problem}
        simulator.order("faults", {"seed": 1, "rules": [{"match": {"endpoint": "tweets"}, "answer": answer}]})

    yield misbehave
    simulator.order("faults", {})


def waited(invoke: Invoke, *post_ids: str, status: int) -> dict[str, Any]:
    """What `--wait --json` says, well before its time is over."""
    began = SystemClock().now()
    result = invoke("refresh", *post_ids, "--wait", "--timeout", LONG, "--json")
    assert result.exit_code == status, result.output
    assert SystemClock().now() - began < timedelta(seconds=15)
    text = result.stdout  # the worker of this process writes its log beside the document
    document: dict[str, Any] = json.JSONDecoder().raw_decode(text, text.index("{\n"))[0]
    return document


def test_counts_before_and_after_are_shown_with_age_and_cost(
    invoke: Invoke, at_work: Services, lively: list[str]
) -> None:
    """A post that was not known has no before and costs money; read again it has both, and is free."""
    first = waited(invoke, *lively, status=0)
    again = waited(invoke, *lively, "--max-age", "0s", status=0)
    table = invoke("refresh", *lively, "--wait", "--max-age", "0s").stdout

    assert (first["complete"], first["usd"], again["usd"]) == (True, 0.015, 0)
    for one, two in zip(first["posts"], again["posts"], strict=True):
        assert (one["state"], one["before"], one["delta"], one["usd"]) == ("alive", None, None, 0.005)
        assert two["before"] == one["after"]
        assert two["delta"] == {name: two["after"][name] - count for name, count in one["after"].items()}
        assert 0 <= two["age_seconds"] < 15
        assert (two["dead_letter"], two["is_stored"]) == (None, False)
    for word in ("likes", " > ", "(+", " s ", "$0.000"):
        assert word in " ".join(table.split())


def test_what_was_read_a_moment_ago_is_told_from_the_store(
    invoke: Invoke, at_work: Services, simulator: Simulator, lively: list[str]
) -> None:
    """Two of three were read: one look-up for the third; for the others the stored counts, their age, and no cost."""
    first = waited(invoke, *lively[:2], status=0)
    calls = simulator.calls("tweets")

    done = waited(invoke, *lively, status=0)
    one, two, three = done["posts"]
    table = " ".join(invoke("refresh", *lively, "--wait").stdout.split())

    assert simulator.calls("tweets") == calls + 1
    assert (done["complete"], done["usd"], done["stored"]) == (True, 0.005, sorted(lively[:2]))
    assert [post["is_stored"] for post in done["posts"]] == [True, True, False]
    assert [post["after"] for post in (one, two)] == [post["after"] for post in first["posts"]]
    assert (one["state"], one["before"], set(one["delta"].values())) == ("alive", one["after"], {0})
    assert three["usd"] == 0.005
    assert "stored, " in table
    assert " s ago" in table
    assert " > " not in table  # nothing was read that could be compared


def test_gone_posts_keep_the_counts_that_are_known(invoke: Invoke, at_work: Services, simulator: Simulator) -> None:
    """X's word is there, no new counts, and no cost."""
    gone = next(post["id"] for post in simulator.truth("posts")["posts"][::-1] if post["state"] == "deleted")

    (post,) = waited(invoke, gone, status=0)["posts"]

    assert (post["state"], post["after"], post["counts_at"], post["usd"]) == ("deleted", None, None, 0)


def test_the_letter_of_a_dead_job_ends_the_waiting(
    invoke: Invoke, at_work: Services, lively: list[str], faults: Any
) -> None:
    """X answers 400: status 1 at once, with the id that `covey dead show` takes."""
    faults("invalid-request")

    done = waited(invoke, *lively, status=1)
    table = invoke("refresh", *lively, "--wait", "--timeout", LONG)

    (letter,) = done["dead_letters"]
    assert [post["state"] for post in done["posts"]] == ["dead"] * 3
    assert {post["dead_letter"] for post in done["posts"]} == {letter}
    collected = at_work.dead_letters.collect().letters
    assert letter in {one["_id"] for one in collected}
    assert table.exit_code == 1
    assert "covey dead show" in table.stdout
    assert letter not in table.stdout  # the second try has a letter of its own


def test_a_block_of_x_is_named_instead_of_waited_for(
    invoke: Invoke, at_work: Services, lively: list[str], faults: Any
) -> None:
    """X answers 401: status 1, what is blocked, and that a person must act."""
    faults("unauthorized")

    done = waited(invoke, *lively, status=1)
    table = invoke("refresh", *lively, "--wait", "--timeout", LONG).stdout

    (obstacle,) = done["obstacles"]
    assert obstacle["what"].startswith("X blocks")
    assert (obstacle["until"], done["complete"]) == (None, False)
    assert "until a person acts" in table
    assert "nothing yet" in table


def test_a_spent_budget_is_named_with_its_end(invoke: Invoke, at_work: Services, lively: list[str]) -> None:
    """What was bought today is read for free; the rest waits for midnight, and the command does not."""
    waited(invoke, lively[0], status=0)
    budget.choose(at_work, {"day_usd": 0.006}, {})

    done = waited(invoke, *lively, status=1)
    table = invoke("refresh", lively[1], "--wait", "--timeout", LONG).stdout

    assert set(done["results"]) == {lively[0]}
    (obstacle,) = done["obstacles"]
    assert obstacle["what"] == "the budget day_usd is spent"
    assert obstacle["until"].endswith("Z")
    assert "the budget day_usd is spent, until" in table


def test_a_paused_queue_is_named(invoke: Invoke, services: Services, lively: list[str]) -> None:
    """A person must act; the job waits for that."""
    work.pause(services, [Queue.INTERACTIVE])

    done = waited(invoke, *lively, status=1)

    (obstacle,) = done["obstacles"]
    assert (obstacle["what"], obstacle["until"]) == ("The queue interactive is paused", None)
    assert len(jobs_in(services, Queue.INTERACTIVE)) == 1


def test_no_worker_is_named_instead_of_waited_for(invoke: Invoke, services: Services, lively: list[str]) -> None:
    """Status 1 a few seconds later, with what to start; the job stays."""
    done = waited(invoke, *lively, status=1)

    (obstacle,) = done["obstacles"]
    assert (obstacle["what"], obstacle["until"]) == ("No worker serves the queue interactive", None)
    assert "covey worker" in obstacle["reason"]
    assert len(jobs_in(services, Queue.INTERACTIVE)) == 1


def test_a_cancelled_refresh_is_not_waited_for(invoke: Invoke, services: Services, lively: list[str]) -> None:
    """Who joined it hears at once that nobody asks X any more; the run is listed so."""
    (run_id,) = commands.refresh(services, [int(lively[0])]).run_ids
    services.stores.runs.cancel(run_id, now=services.clock.now())

    stands = refreshes.standing(services, [run_id], [int(lively[0])], asked_at=services.clock.now())

    assert (stands.waiting, stands.is_complete) == (frozenset(), False)
    assert [post["state"] for post in refreshes.posts(services, stands, [int(lively[0])])] == ["cancelled"]
    assert "cancelled" in invoke("budget", "runs").stdout


def test_the_waiting_ends_when_the_run_is_cancelled(invoke: Invoke, services: Services, lively: list[str]) -> None:
    """Who waits hears it at once: status 1, and a line that says so."""

    def cancel() -> None:
        (run,) = eventually(lambda: services.stores.runs.newest(1))
        services.stores.runs.cancel(run["_id"], now=services.clock.now())

    began = SystemClock().now()
    with ThreadPoolExecutor(1) as another:
        cancelling = another.submit(cancel)
        done = invoke("refresh", lively[0], "--wait", "--timeout", LONG)
        cancelling.result()

    assert done.exit_code == 1
    assert SystemClock().now() - began < timedelta(seconds=4)
    assert "1 posts were cancelled" in done.stdout
