"""Sources and accounts of a tenant over HTTP, on real servers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from control import commands
from shared.broker import CoveyBroker, build_broker
from shared.broker.sender import Sender
from shared.domain.access import Scope
from shared.domain.jobs import ALL_QUEUES, gated_jobs
from shared.domain.sources import TRACKED
from shared.services.bootstrap import Services
from tests.control.http.conftest import Api, problem
from tests.workers.world import Asked, ScriptedX

FLOODS = {"id": "floods", "terms": {"keywords": ["flood"], "exclude": ["#ad"]}, "interval": "5m", "priority": 80}
TRACKING = {Scope.READ, Scope.TRACK, Scope.RUNS}


def users(asked: Asked) -> tuple[int, Any]:
    """X knows every name but `nobody`, and counts no posts."""
    names = [one for one in asked.params.get("usernames", "").split(",") if one]
    known = [{"id": str(100 + at), "username": name} for at, name in enumerate(names) if name != "nobody"]
    missing = [
        {
            "value": "nobody",
            "title": "Not Found Error",
            "resource_type": "user",
            "parameter": "usernames",
            "resource_id": "nobody",
            "type": "https://api.twitter.com/2/problems/resource-not-found",
            "detail": "Could not find user with usernames: [nobody].",
        }
    ]
    return 200, {"data": known, **({"errors": missing} if "nobody" in names else {})}


@pytest.fixture
def acme(api: Api, x: ScriptedX) -> str:
    """A token of another tenant, and an X that knows people."""
    x.script = users
    return api.token(TRACKING, tenant="acme")


def test_a_source_is_added_changed_and_removed(api: Api, acme: str) -> None:
    """Each change is on the record with what was and what is; what is null is as it is without saying."""
    made = api.post("/v1/sources", FLOODS, token=acme)
    assert (made.status_code, made.headers["Location"]) == (201, "/v1/sources/floods")
    assert (made.json()["terms"]["keywords"], made.json()["searches"], made.json()["members"]) == (["flood"], 1, 1)
    edited = api.ask("PATCH", "/v1/sources/floods", json={"priority": None, "interval": 90, "name": "F"}, token=acme)
    assert {name: edited.json()[name] for name in ("priority", "interval", "name")} == {
        "priority": 50,
        "interval": "90s",
        "name": "F",
    }
    assert api.post("/v1/sources/floods/pause", token=acme).json()["paused"] is True
    assert api.ask("PATCH", "/v1/sources/floods", json={"name": "G"}, token=acme).json()["paused"] is True
    assert api.post("/v1/sources/floods/resume", token=acme).json()["paused"] is False
    assert api.ask("DELETE", "/v1/sources/floods", token=acme).status_code == 204
    problem(api.get("/v1/sources/floods", token=acme), 404, "not-found")
    trail = api.get("/v1/audit?tenant=acme").json()["data"]
    acts = [one["action"] for one in trail if one["action"].startswith("source.")][::-1]
    assert acts == [f"source.{one}" for one in ("add", "change", "pause", "change", "resume", "remove")]
    change = next(one for one in trail[::-1] if one["action"] == "source.change")
    assert (change["before"]["interval"], change["after"]["interval"]) == ("5m", "90s")


def test_a_source_is_of_its_tenant(api: Api, acme: str) -> None:
    """To others it is not there, whatever they ask for; and its id is taken, without a word about by whom."""
    api.post("/v1/sources", FLOODS, token=acme)
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"priority": 1}),
        ("DELETE", "", None),
        ("POST", "/pause", None),
        ("POST", "/resume", None),
        ("POST", "/test", None),
    ):
        problem(api.ask(method, f"/v1/sources/floods{path}", json=body), 404, "not-found")
    assert api.get("/v1/sources").json()["data"] == []
    taken = [api.post("/v1/sources", FLOODS), api.post("/v1/sources/apply", {"sources": [FLOODS]})]
    api.ask("DELETE", "/v1/sources/floods", token=acme)
    for answer in (*taken, api.post("/v1/sources", FLOODS)):
        assert "acme" not in problem(answer, 409, "conflict")["detail"]
    assert api.get("/v1/sources?limit=1", token=acme).json() == {"data": [], "next_cursor": None}


def test_sources_are_paged_by_id(api: Api, acme: str) -> None:
    """Each once, in the order of their ids; those of others do not come between."""
    for number in range(4):
        api.post("/v1/sources", {**FLOODS, "id": f"s{number}"}, token=acme if number != 1 else "")
    seen, path = [], "/v1/sources?limit=2"
    while path:
        answer = api.get(path, token=acme)
        seen += [one["id"] for one in answer.json()["data"]]
        path = answer.links["next"]["url"] if answer.links else ""
    assert seen == ["s0", "s2", "s3"]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"id": "a b", "terms": {"keywords": ["x"]}}, "id"),
        ({"id": "a"}, "needs one of"),
        ({"id": "a", "terms": {"keywords": ["x"]}, "interval": "5x"}, "interval"),
        ({"id": "a", "terms": {"keywords": ["x"]}, "tenant": "default"}, "tenant"),
        ({"id": "a", "accounts": ["a b"]}, "accounts"),
        ({"id": "tracked-acme-2", "terms": {"keywords": ["x"]}}, "reserved"),
        ({"id": "a", "terms": {"keywords": ["x"]}, "credential": "app"}, "operate"),
        ({"id": "a", "terms": {"keywords": ["w" * 50] * 200}}, "characters"),
    ],
)
def test_a_source_that_cannot_be_is_refused(api: Api, acme: str, body: dict[str, Any], word: str) -> None:
    """What is wrong is named, and nothing was done."""
    if "characters" in word:
        body = {**body, "terms": {"keywords": [f"word{number:046}" for number in range(200)]}}
    assert word in problem(api.post("/v1/sources", body, token=acme), 422, "invalid-input")["detail"]
    assert api.get("/v1/sources", token=acme).json()["data"] == []


def test_a_dry_run_says_what_would_change_and_cost(api: Api, acme: str, x: ScriptedX) -> None:
    """Of a new one, of a change and of a list; nothing is written, and X is not asked."""
    asked = len(x.asked)
    new = api.post("/v1/sources?dry_run=true", FLOODS, token=acme)
    assert (new.status_code, new.json()["changes"][0]["act"]) == (200, "add")
    assert new.json()["day_usd"] > 0
    assert api.get("/v1/sources", token=acme).json()["data"] == []
    api.post("/v1/sources", FLOODS, token=acme)
    changed = api.ask("PATCH", "/v1/sources/floods?dry_run=true", json={"priority": 1}, token=acme).json()
    assert changed["changes"][0]["fields"] == ["priority"]
    several = {"sources": [{**FLOODS, "priority": 2}, {"id": "space", "accounts": ["nasa"]}]}
    rows = api.post("/v1/sources/apply?dry_run=true", several, token=acme).json()["changes"]
    assert [(one["source"], one["act"], one["new_accounts"]) for one in rows] == [
        ("floods", "change", []),
        ("space", "add", ["nasa"]),
    ]
    assert len(x.asked) == asked
    assert api.get("/v1/sources/floods", token=acme).json()["priority"] == 80


def test_a_list_is_carried_out(api: Api, acme: str, services: Services) -> None:
    """As JSON and as YAML; what it does not name is left alone, or removed where that is asked for; others' never."""
    api.post("/v1/sources", {**FLOODS, "id": "default-one"})
    several = {"sources": [FLOODS, {"id": "space", "accounts": ["nasa", "esa"]}]}
    done = api.post("/v1/sources/apply", several, token=acme).json()
    assert [one["act"] for one in done["changes"]] == ["add", "add"]
    (run_id,) = done["run_ids"]
    assert api.get(f"/v1/runs/{run_id}", token=acme).json()["total"] == 2
    written = "sources:\n  - id: space\n    accounts: [nasa]\n    priority: 7\n"
    headers = {"Content-Type": "application/yaml"}
    pruned = api.ask("POST", "/v1/sources/apply?prune=true", data=written, headers=headers, token=acme).json()
    assert [(one["source"], one["act"]) for one in pruned["changes"]] == [("space", "change"), ("floods", "remove")]
    assert [one["id"] for one in api.get("/v1/sources").json()["data"]] == ["default-one"]
    wrong = api.ask("POST", "/v1/sources/apply", data="sources: [{id: x}]", headers=headers, token=acme)
    assert "line 1" in problem(wrong, 422, "invalid-input")["detail"]
    misfit = problem(api.post("/v1/sources/apply", {"sources": [{"id": 5}]}, token=acme), 422, "invalid-input")
    assert misfit["errors"][0]["pointer"] == "#/sources/0/id"


def test_names_that_x_does_not_know_are_refused(api: Api, acme: str) -> None:
    """Nothing was done then; force follows them all the same."""
    body = {"id": "space", "accounts": ["nasa", "nobody"]}
    assert "@nobody" in problem(api.post("/v1/sources", body, token=acme), 422, "invalid-input")["detail"]
    assert api.get("/v1/sources", token=acme).json()["data"] == []
    assert api.post("/v1/sources?force=true", body, token=acme).json()["accounts"] == ["nasa", "nobody"]


def test_a_source_that_was_begun_is_begun_once(
    api: Api, acme: str, services: Services, serve: Any, x: ScriptedX
) -> None:
    """The queue goes away after the source was written: 503. Said again with its key it is there, with the same run."""
    broken = serve(replace(services, sender=Sender(broker_without_redis())), admin=api.admin)
    body, key = {"id": "space", "accounts": ["nasa"]}, {"Idempotency-Key": "k1"}
    x.script = lambda asked: (503, {})  # X is away too: a worker is to look the name up
    problem(broken.post("/v1/sources", body, headers=key, token=acme), 503, "store-unavailable")
    again = api.post("/v1/sources", body, headers=key, token=acme)
    assert again.status_code == 201
    (run,) = api.get("/v1/runs", token=acme).json()["data"]
    assert (run["kind"], run["first"]) == ("track", ["nasa"])
    problem(api.post("/v1/sources", body, token=acme), 409, "conflict")


def broker_without_redis() -> CoveyBroker:
    """A broker whose Redis is where nobody listens."""
    return build_broker(
        "redis://127.0.0.1:9/0",
        middleware=[],
        queues=ALL_QUEUES,
        heartbeat_timeout_ms=15_000,
        unknown_job_ms=1_000,
        gated=gated_jobs(),
    )


def test_accounts_are_followed_and_left(api: Api, acme: str, services: Services) -> None:
    """For the tenant alone: what another one follows too goes on, and is not told of."""
    commands.track(services, ["NASA"], since=timedelta(0))
    price = api.post("/v1/accounts?dry_run=true", {"usernames": ["@esa"], "since": "2h"}, token=acme).json()
    assert (price["would_add"], price["once_usd"] > 0) == (["esa"], True)
    done = api.post("/v1/accounts", {"usernames": ["nasa", "@esa"], "since": 3600}, token=acme).json()
    assert (done["added"], done["already"]) == (["nasa", "esa"], [])
    assert api.get(f"/v1/runs/{done['run_id']}", token=acme).json()["first"] == ["esa"]
    rows = api.get("/v1/accounts", token=acme).json()["data"]
    assert [(one["username"], one["sources"], one["active"]) for one in rows] == [
        ("esa", ["tracked-acme"], True),
        ("NASA", ["tracked-acme"], True),
    ]
    assert [one["username"] for one in api.get("/v1/accounts").json()["data"]] == ["NASA"]
    first = api.get("/v1/accounts?limit=1", token=acme).json()
    rest = api.get(f"/v1/accounts?limit=1&cursor={first['next_cursor']}", token=acme).json()
    assert [one["username"] for one in first["data"] + rest["data"]] == ["esa", "NASA"]

    assert api.ask("DELETE", "/v1/accounts/NASA", token=acme).status_code == 204
    assert services.stores.handles.names(["nasa"])["nasa"].sources == (TRACKED,)
    assert api.ask("DELETE", "/v1/accounts/esa", token=acme).status_code == 204
    assert services.stores.handles.active_among(["nasa", "esa"]) == {"nasa"}
    problem(api.ask("DELETE", "/v1/accounts/nasa", token=acme), 404, "not-found")
    api.post("/v1/sources", {"id": "space", "accounts": ["jaxa"]}, token=acme)
    problem(api.ask("DELETE", "/v1/accounts/jaxa", token=acme), 409, "conflict")
    assert api.ask("DELETE", "/v1/sources/tracked-acme", token=acme).status_code == 204
    assert [one["id"] for one in api.get("/v1/sources", token=acme).json()["data"]] == ["space", "tracked-acme"]


def test_a_source_is_tested_without_a_paid_call(api: Api, acme: str, x: ScriptedX, services: Services) -> None:
    """Its query, the credential, the plan, and what stands in the way now; X is not asked."""
    api.post("/v1/sources", FLOODS, token=acme)
    asked = len(x.asked)
    found = api.post("/v1/sources/floods/test", token=acme).json()
    assert (found["can_be_asked"], [one["check"] for one in found["checks"]]) == (
        True,
        ["query", "credential", "plan", "now"],
    )
    services.limiter.choose_budgets(services.budget_choices.choose({"day_usd": 0.0}, {}))
    found = api.post("/v1/sources/floods/test", token=acme).json()
    assert (found["can_be_asked"], found["checks"][-1]["detail"]) == (False, "waits for budget")
    assert len(x.asked) == asked
