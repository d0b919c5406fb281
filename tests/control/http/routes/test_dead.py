"""Dead letters over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from control import dead, trail
from shared.domain.access import Scope
from shared.domain.jobs import Queue
from shared.services.bootstrap import Services
from shared.stores.dead_letters import DeadFilter
from tests.control.conftest import Invoke
from tests.control.http.conftest import Api, problem
from tests.control.test_dead import letter
from tests.workers.world import jobs_in


def test_letters_are_found_page_by_page(api: Api) -> None:
    """The newest first, none twice and none left out, also where several died at once; by job, reason and time."""
    now = api.services.clock.now()
    for number in range(5):
        letter(api.services, number, died_at=now - timedelta(days=1), reason="attempts:NoAnswer")
    letter(api.services, 5, died_at=now, job="download_media")
    seen, path = [], "/v1/dead?limit=2"
    while path:
        answer = api.get(path)
        seen += [one["id"][:4] for one in answer.json()["data"]]
        path = answer.headers.get("Link", "").partition(">")[0].lstrip("<")
    assert seen == ["0005", "0004", "0003", "0002", "0001", "0000"]

    def found(query: str) -> int:
        return len(api.get(f"/v1/dead?{query}").json()["data"])

    assert [found("job=download_media"), found("reason=NoAnswer"), found("replayed=true")] == [1, 5, 0]
    before = (now - timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    assert found(f"before={before}") == 5
    problem(api.get("/v1/dead?reason="), 422, "invalid-input")
    one = api.get("/v1/dead/0005-letter").json()
    assert (one["job"], one["args"][0]["sweep_id"], one["attempts"]) == ("download_media", "sweep-5", 5)
    problem(api.get("/v1/dead/0005"), 404, "not-found")  # a part of an id names nothing here
    problem(api.get("/v1/dead", token=api.token([Scope.READ])), 403, "forbidden")


def test_letters_are_grouped_by_why_they_died(api: Api) -> None:
    """Job and reason with how many, the most frequent first."""
    for number in range(4):
        letter(api.services, number, reason="NotFound: 404" if number else "BadJob")
    letter(api.services, 4, job=None, actor_args=None, reason="unreadable")
    told = api.get("/v1/dead/groups?limit=2").json()
    assert [(one["job"], one["reason"], one["count"]) for one in told["groups"]] == [
        ("search_page", "NotFound: 404", 3),
        (None, "unreadable", 1),
    ]
    assert told["groups"][0]["first"] < told["groups"][0]["last"]
    assert (told["counted"], told["has_more"]) == (5, True)
    assert api.get("/v1/dead/groups?job=none").json() == {"groups": [], "counted": 0, "has_more": False}


def test_what_was_seen_is_replayed_and_nothing_else(api: Api) -> None:
    """A dry run counts; with another count nothing is done and the problem says how many there are; then it is done."""
    for number in range(3):
        letter(api.services, number, reason="NoAnswer")
    letter(api.services, 9)
    chosen = {"reason": "NoAnswer"}
    assert api.post("/v1/dead/replay?dry_run=true", chosen).json()["fit"] == 3
    letter(api.services, 3, reason="NoAnswer")
    told = problem(api.post("/v1/dead/replay", {**chosen, "expected": 3}), 409, "conflict")
    assert told["fit"] == 4
    assert jobs_in(api.services, Queue.SEARCH) == []
    done = api.post("/v1/dead/replay", {**chosen, "expected": 4}, headers={"Idempotency-Key": "a"})
    assert done.json() == {"fit": 4, "replayed": 4, "outstanding": 0, "unreadable": 0, "busy": 0}
    assert len(jobs_in(api.services, Queue.SEARCH)) == 4
    again = api.post("/v1/dead/replay", {**chosen, "expected": 4}, headers={"Idempotency-Key": "a"})
    assert again.headers["Idempotent-Replayed"] == "true"
    assert api.post("/v1/dead/replay?dry_run=true", chosen).json()["fit"] == 0
    entries = api.get("/v1/audit?action=dead.replay").json()["data"]
    assert [(one["outcome"], one["target"]) for one in entries] == [
        ("done", "reason: NoAnswer; replayed: false"),
        ("refused", "reason: NoAnswer; replayed: false"),
    ]


def test_what_was_seen_is_forgotten_and_nothing_else(api: Api) -> None:
    """By filter and by ids; those that were replayed can be forgotten by themselves."""
    for number in range(4):
        letter(api.services, number)
    api.services.stores.dead_letters.replay_sent(["0000-letter"])
    problem(api.post("/v1/dead/purge", {"replayed": True, "expected": 2}), 409, "conflict")
    assert api.post("/v1/dead/purge", {"replayed": True, "expected": 1}).json() == {"fit": 1, "purged": 1}
    assert api.post("/v1/dead/purge?dry_run=true", {}).json() == {"fit": 3, "purged": 0}
    body = {"ids": ["0001-letter", "0003"], "expected": 2}
    assert api.post("/v1/dead/purge", body).json() == {"fit": 2, "purged": 2}
    assert [one["id"] for one in api.get("/v1/dead").json()["data"]] == ["0002-letter"]


@pytest.mark.parametrize("action", ["replay", "purge"])
def test_nothing_is_done_without_a_count(api: Api, action: str) -> None:
    """Nor for what is no filter, for more than can be done at once, or by who may only look."""
    letter(api.services, 1)
    path = f"/v1/dead/{action}"
    for body in ({}, {"expected": -1}, {"all": True}, {"ids": [""], "expected": 1}, {"expected": 5_001}):
        problem(api.post(path, body), 422, "invalid-input")
    problem(api.post(path, {"expected": 1}, token=api.token([Scope.OPERATE])), 403, "forbidden")
    assert dead.count(api.services, DeadFilter(replayed=False)) == 1


def test_no_more_is_forgotten_than_was_counted(make_services: Callable[..., Services]) -> None:
    """A letter that comes in between, even one that died before those counted, stays."""
    services = make_services("http://127.0.0.1:9")
    for number in range(10, 13):
        letter(services, number)
    store = services.stores.dead_letters
    counted = DeadFilter(exactly=store.ids(DeadFilter(job="search_page"), limit=9))
    letter(services, 1)
    assert store.purge(counted) == 3
    assert [one["_id"] for one in store.find(DeadFilter(), limit=9)] == ["0001-letter"]


def test_the_commands_leave_the_same_record(services: Services, invoke: Invoke) -> None:
    """Whichever way letters are replayed and forgotten."""
    letter(services, 1)
    invoke("dead", "replay", "--all")
    invoke("dead", "purge", "--job", "search_page", "--yes")
    found = [
        (one["action"], one["actor"]["kind"], one["after"]) for one in trail.entries(services, tenant=None, limit=9)
    ]
    done = {"replayed": 1, "outstanding": 0, "unreadable": 0, "busy": 0}
    assert found == [("dead.purge", "cli", {"purged": 1}), ("dead.replay", "cli", done)]
