"""`covey budget runs`: estimate and cost of every request, on real servers."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from control import commands
from control.runs import runs
from scheduler.planner import AUTHORS, Planner
from shared.services.bootstrap import Services
from shared.services.following import SEARCH
from shared.stores.schedules import Schedule, Slot
from tests.control.conftest import Invoke
from tests.workers.world import Asked, ScriptedX, post, post_id, work_off

POSTS = [post_id(1200, number) for number in range(6)]


def x_of(asked: Asked) -> tuple[int, Any]:
    """Six posts of two authors, all in the last half an hour, and whatever accounts are asked for."""
    if asked.path.startswith("/2/users"):
        names = asked.params["usernames"].split(",") if "by" in asked.path else []
        ids = asked.params["ids"].split(",") if not names else []
        users = [{"id": str(900 + at), "username": name} for at, name in enumerate(names)]
        return 200, {"data": users + [{"id": one, "username": f"u{one}"} for one in ids]}
    wanted = asked.params["ids"].split(",") if "ids" in asked.params else list(map(str, POSTS))
    posts = [post(one, author_id=str(at % 2 + 1)) for at, one in enumerate(POSTS) if str(one) in wanted]
    return 200, {"data": posts, "meta": {"result_count": len(posts)}}


def go_round(services: Services) -> None:
    """Read the streams and look up whom they wrote of."""
    planner = Planner(services)
    for kind, subjects in ((SEARCH, [one.id for one in services.stores.streams.active()]), (AUTHORS, [""])):
        for subject in subjects:
            now = services.clock.now()
            slot = Slot(Schedule(f"{kind}:{subject}", kind, subject, timedelta(seconds=1), now, 0), now)
            for job, queue in planner.plan(slot, now):
                services.sender.send(job, queue=queue)
        work_off(services)


def test_a_run_shows_what_it_was_to_cost_and_what_it_cost(services: Services, x: ScriptedX, invoke: Invoke) -> None:
    """Estimates are those of a dry run; under way until names, first sweep and authors are read; both are listed."""
    x.script = x_of
    dry = json.loads(invoke("track", "alice", "bob", "--since", "12m", "--dry-run", "--json").stdout)
    commands.track(services, ["alice", "bob"], since=timedelta(minutes=12))
    before = runs(services, 9)
    go_round(services)
    go_round(services)
    commands.refresh(services, [POSTS[0], POSTS[1], 20], max_age=timedelta(0))
    work_off(services)

    refresh, track = json.loads(invoke("budget", "runs", "--json").stdout)
    table = " ".join(invoke("budget", "runs").stdout.split())

    assert [one["state"] for one in before] == ["under way"]
    assert (track["kind"], track["first"], track["state"]) == ("track", ["alice", "bob"], "done")
    assert track["estimate_usd"] == pytest.approx(dry["once_usd"])
    assert (track["posts"], track["users"], track["cost_usd"]) == (6, 4, 6 * 0.005 + 4 * 0.01)
    assert track["difference_usd"] == pytest.approx(track["cost_usd"] - track["estimate_usd"])
    assert track["difference_ratio"] == pytest.approx(track["difference_usd"] / track["estimate_usd"], abs=1e-3)
    assert (refresh["kind"], refresh["state"], refresh["subjects"]) == ("refresh", "done", 3)
    assert (refresh["estimate_usd"], refresh["cost_usd"]) == (0.01, 0)
    assert "track alice, bob" in table
    assert "-100%" in table


def test_a_run_without_end_says_so(services: Services, invoke: Invoke) -> None:
    """After a day its jobs are gone; a run of a version that noted no estimate has none. Without runs it is said."""
    empty = invoke("budget", "runs").stdout
    now = services.clock.now()
    services.stores.runs.begin("old", kind="refresh", subjects=["1"], now=now - timedelta(days=2))
    services.stores.runs.begin("young", kind="refresh", subjects=["1"], now=now)

    young, old = runs(services, 9)

    assert "Nothing was" in empty
    assert (young["state"], old["state"]) == ("under way", "ended")
    assert (old["estimate_usd"], old["difference_usd"], old["difference_ratio"]) == (None, None, None)
    assert len(runs(services, 1)) == 1
