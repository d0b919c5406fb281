"""Runs over HTTP, and posts that are read again as one, on real servers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from cryptography.fernet import Fernet

from control import commands
from shared.domain.access import Scope
from shared.domain.models import Post
from shared.domain.sources import X
from shared.services.bootstrap import Services
from tests.control.http.conftest import Api, problem
from tests.workers.world import Asked, ScriptedX, jobs_in, post, post_id, snowflake, work_off

IDS = [post_id(7200, number) for number in range(5)]
KEY = {"Idempotency-Key": '"8e03978e-40d5"'}


def all_alive(asked: Asked) -> tuple[int, Any]:
    """X has every post that it is asked for."""
    return 200, {"data": [post(int(one)) for one in asked.params["ids"].split(",")]}


def collected(services: Services, *ids: int, tenant: str = "default") -> None:
    """Posts that were collected for a tenant."""
    now = services.clock.now()
    services.stores.db["mentions"].insert_many(
        {"_id": f"{tenant}:{X}:{one}", "tenant_id": tenant, "platform": X, "external_id": str(one)} for one in ids
    )
    posts = [Post(id=one, text="", created_at=snowflake.created_at(one)) for one in ids]
    services.stores.engagement.begin(posts, now=now)


def test_a_post_is_read_again_as_a_run(api: Api, services: Services, x: ScriptedX) -> None:
    """202 with where to look; then what X said, what it cost, and who asked; the list and the results have it too."""
    x.script = all_alive
    collected(services, IDS[0])
    began = api.post(f"/v1/tweets/{IDS[0]}/refresh")
    assert began.status_code == 202
    run = began.json()
    assert began.headers["Location"] == f"/v1/runs/{run['id']}"
    assert began.headers["Retry-After"] == "2"
    assert (run["state"], run["total"], run["done"], run["cost"]) == (
        "queued",
        1,
        0,
        {"estimated_usd": 0.005, "spent_usd": 0.0},
    )
    assert run["created_by"]["kind"] == "token"

    work_off(services)
    ended = api.get(began.headers["Location"]).json()
    assert (ended["state"], ended["done"], ended["cost"]["spent_usd"]) == ("succeeded", 1, 0.005)
    times = [datetime.fromisoformat(ended[name]) for name in ("created_at", "started_at", "ended_at")]
    assert times == sorted(times)
    assert api.get("/v1/runs").json()["data"] == [ended]
    (result,) = api.get(ended["results_url"]).json()["data"]
    assert (result["id"], result["state"], result["usd"]) == (str(IDS[0]), "alive", 0.005)
    assert result["after"]["like_count"] == 3
    (entry,) = api.get("/v1/audit?action=post.refresh").json()["data"]
    assert (entry["outcome"], entry["after"]["run"]) == ("done", run["id"])


def test_what_is_fresh_is_told_from_the_store(api: Api, services: Services, x: ScriptedX) -> None:
    """A second request says so and asks nobody, unless it is forced; one that waits already is joined."""
    x.script = all_alive
    collected(services, IDS[0])
    first = api.post(f"/v1/tweets/{IDS[0]}/refresh").json()
    assert api.post(f"/v1/tweets/{IDS[0]}/refresh", {"force": True}).json()["id"] == first["id"]
    work_off(services)
    asked = len(x.asked)

    price = api.post(f"/v1/tweets/{IDS[0]}/refresh?dry_run=true")
    assert (price.status_code, price.json()["fresh"], price.json()["estimated_usd"]) == (200, 1, 0.0)
    fresh = api.post(f"/v1/tweets/{IDS[0]}/refresh").json()
    work_off(services)
    assert (fresh["state"], fresh["fresh"], fresh["done"], len(x.asked)) == ("succeeded", 1, 1, asked)
    assert api.get(fresh["results_url"]).json()["data"][0]["is_stored"]
    api.post(f"/v1/tweets/{IDS[0]}/refresh", {"force": True})
    work_off(services)
    assert len(x.asked) == asked + 1


def test_a_dry_run_says_the_price_and_begins_nothing(api: Api, services: Services) -> None:
    """The estimate with what is left of the budgets; no run, no job, no entry in the trail."""
    collected(services, *IDS)
    body = {"ids": [str(one) for one in IDS]}
    price = api.post("/v1/tweets/refresh?dry_run=true", body).json()
    assert (price["posts"], price["estimated_usd"], price["calls"], price["fits"]) == (5, 0.025, 1, True)
    assert api.get("/v1/runs").json()["data"] == []
    assert jobs_in(services, "interactive") == []
    assert api.get("/v1/audit?action=post.refresh").json()["data"] == []


def test_only_posts_of_the_tenant_are_refreshed(api: Api, services: Services) -> None:
    """Of many the others are named and left out; alone, or where none is left, they are not found."""
    collected(services, IDS[0])
    collected(services, IDS[1], tenant="acme")
    run = api.post("/v1/tweets/refresh", {"ids": [str(IDS[0]), str(IDS[1]), "9" * 20]}).json()
    assert (run["total"], [one["id"] for one in run["refused"]]) == (1, [str(IDS[1]), "9" * 20])
    problem(api.post(f"/v1/tweets/{IDS[1]}/refresh"), 404, "not-found")
    problem(api.post("/v1/tweets/refresh", {"ids": [str(IDS[1])]}), 404, "not-found")
    problem(api.post("/v1/tweets/1x/refresh"), 422, "invalid-input")
    problem(api.post("/v1/tweets/refresh", {"ids": []}), 422, "invalid-input")


def test_a_run_is_of_its_tenant(api: Api, services: Services) -> None:
    """Another tenant neither sees nor cancels it; a run of an earlier version is the usual tenant's."""
    collected(services, IDS[0])
    run = api.post(f"/v1/tweets/{IDS[0]}/refresh").json()
    services.stores.runs.begin("old", kind="refresh", subjects=["1"], now=services.clock.now() - timedelta(days=2))
    services.stores.db["runs"].update_one({"_id": "old"}, {"$unset": {"tenant": 1, "created_by": 1, "stored": 1}})
    other = api.token(Scope, tenant="acme")
    assert api.get("/v1/runs", token=other).json()["data"] == []
    for method, path in (("GET", ""), ("GET", "/results"), ("POST", "/cancel")):
        problem(api.ask(method, f"/v1/runs/{run['id']}{path}", token=other), 404, "not-found")
    mine = api.get("/v1/runs").json()["data"]
    assert [(one["id"], one["state"]) for one in mine] == [(run["id"], "queued"), ("old", "failed")]


def test_runs_are_paged_by_key(api: Api, services: Services) -> None:
    """Also those of one moment, each once; the results of a run are paged as they were asked for."""
    now = services.clock.now()
    for number in range(5):
        services.stores.runs.begin(f"r{number}", kind="refresh", subjects=["1", "2", "3"], now=now)
    seen, path = [], "/v1/runs?limit=2"
    while path:
        answer = api.get(path)
        seen += [one["id"] for one in answer.json()["data"]]
        path = answer.links["next"]["url"] if answer.links else ""
    assert seen == ["r4", "r3", "r2", "r1", "r0"]
    first = api.get("/v1/runs/r0/results?limit=2").json()
    rest = api.get(f"/v1/runs/r0/results?limit=2&cursor={first['next_cursor']}").json()
    assert [one["id"] for one in first["data"] + rest["data"]] == ["1", "2", "3"]
    assert rest["next_cursor"] is None


def test_what_did_not_change_is_not_sent_again(api: Api, services: Services, x: ScriptedX) -> None:
    """304 for the ETag of before; once something came of the run it is another one."""
    x.script = all_alive
    collected(services, IDS[0])
    run = api.post(f"/v1/tweets/{IDS[0]}/refresh").json()
    tag = api.get(f"/v1/runs/{run['id']}").headers["ETag"]
    same = api.get(f"/v1/runs/{run['id']}", headers={"If-None-Match": f'"other", W/{tag}'})
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
    work_off(services)
    changed = api.get(f"/v1/runs/{run['id']}", headers={"If-None-Match": tag})
    assert (changed.status_code, changed.headers["ETag"] != tag) == (200, True)


def test_a_cancelled_run_asks_for_nothing(api: Api, services: Services, x: ScriptedX) -> None:
    """Its jobs leave the queue; a run that has ended stays as it is; one of track cannot be cancelled."""
    x.script = all_alive
    collected(services, *IDS[:2])
    run = api.post(f"/v1/tweets/{IDS[0]}/refresh").json()
    gone = api.post(f"/v1/runs/{run['id']}/cancel").json()
    assert (gone["state"], jobs_in(services, "interactive")) == ("cancelled", [])
    assert api.get(run["results_url"]).json()["data"][0]["state"] == "cancelled"
    done = api.post(f"/v1/tweets/{IDS[1]}/refresh").json()
    work_off(services)
    assert api.post(f"/v1/runs/{done['id']}/cancel").json()["state"] == "succeeded"
    commands.track(services, ["nasa"], since=timedelta(0))
    (track,) = [one for one in api.get("/v1/runs").json()["data"] if one["kind"] == "track"]
    problem(api.post(f"/v1/runs/{track['id']}/cancel"), 409, "conflict")
    assert [one["target"] for one in api.get("/v1/audit?action=run.cancel").json()["data"]] == [track["id"], run["id"]]


def test_a_spent_budget_is_a_state(api: Api, services: Services) -> None:
    """A run that X may not be asked for waits for the budget, and says so; without a credential, for that."""
    collected(services, IDS[0])
    services.limiter.choose_budgets(services.budget_choices.choose({"day_usd": 0.0}, {}))
    run = api.post(f"/v1/tweets/{IDS[0]}/refresh").json()
    assert (run["state"], run["waiting_for"]) == ("waiting", "budget")
    services.limiter.choose_budgets(services.budget_choices.forget(["day_usd"], []))
    assert api.get(f"/v1/runs/{run['id']}").json()["state"] == "queued"


def test_without_a_credential_a_run_waits_for_one(api: Api, services: Services, serve: Any, make_services: Any) -> None:
    """Where all that there is cannot ask X, it waits for one that can; where others ask, nobody here can tell."""
    collected(services, IDS[0])
    nobody = make_services("http://127.0.0.1:9", x_bearer_token=None, credential_keys=Fernet.generate_key().decode())
    run = serve(nobody, admin=api.admin).post(f"/v1/tweets/{IDS[0]}/refresh").json()
    assert (run["state"], run["waiting_for"]) == ("waiting", "credential")
    others = serve(make_services("http://127.0.0.1:9", x_bearer_token=None), admin=api.admin)
    assert others.get(f"/v1/runs/{run['id']}").json()["state"] == "queued"


def test_a_run_whose_jobs_died_ended(api: Api, services: Services) -> None:
    """Nothing came of it: failed, with the reason; something did: partial."""
    now = services.clock.now()
    for run_id, answered in (("none", {}), ("some", {"1": "alive"})):
        services.stores.runs.begin(run_id, kind="refresh", subjects=["1", "2"], now=now)
        services.stores.runs.record(run_id, answered, now=now)
        args = [{"claim_id": f"{run_id}:0", "post_ids": ["1", "2"], "run_id": run_id}]
        letter = {"_id": run_id, "job": "refresh_engagement", "reason": "poison", "died_at": now, "actor_args": args}
        services.stores.dead_letters.add([letter])
    found = {one["id"]: (one["state"], one["problem"], one["done"]) for one in api.get("/v1/runs").json()["data"]}
    assert found == {"none": ("failed", "poison", 0), "some": ("partial", "poison", 1)}


def test_a_request_that_failed_in_the_middle_buys_nothing_twice(
    api: Api, services: Services, serve: Any, x: ScriptedX
) -> None:
    """The queue is away after the run was noted: 503. Said again with its key it is the same run, and X is asked once;
    said once more it is answered as before.
    """
    x.script = all_alive
    collected(services, *IDS)
    body = {"ids": [str(one) for one in IDS]}

    class Away:
        """A sender whose Redis is gone."""

        def send_all(self, *given: object, **more: object) -> int:
            """Fail as it does."""
            from shared.domain.errors import BrokerUnavailable

            raise BrokerUnavailable("redis is away")

    broken = serve(replace(services, sender=Away()), admin=api.admin)
    failed = broken.post("/v1/tweets/refresh", body, headers=KEY)
    problem(failed, 503, "store-unavailable")
    (noted,) = api.get("/v1/runs").json()["data"]
    assert (noted["state"], jobs_in(services, "interactive")) == ("queued", [])

    again = api.post("/v1/tweets/refresh", body, headers=KEY)
    assert (again.status_code, again.json()["id"]) == (202, noted["id"])
    work_off(services)
    once_more = api.post("/v1/tweets/refresh", body, headers=KEY)
    assert once_more.headers["Idempotent-Replayed"] == "true"
    assert once_more.json() == again.json()
    work_off(services)
    assert len([one for one in x.asked if one.path == "/2/tweets"]) == 1
    assert len(api.get("/v1/runs").json()["data"]) == 1


def test_what_is_most_due_is_read_as_one_run(api: Api, services: Services, x: ScriptedX) -> None:
    """Of the tenant alone, the most urgent first, and what a run waits for already is not chosen again."""
    x.script = all_alive
    collected(services, *IDS[:4])
    collected(services, IDS[4], tenant="acme")
    past = services.clock.now() - timedelta(hours=1)
    for number, one in enumerate(IDS):
        due = {"next_refresh_at": past - timedelta(minutes=number), "tier": "hot"}
        services.stores.db["X_engagement"].update_one({"_id": str(one)}, {"$set": due})
    price = api.post("/v1/engagement/update?dry_run=true", {"limit": 3})
    assert (price.status_code, price.json()["posts"]) == (200, 3)
    first = api.post("/v1/engagement/update", {"limit": 3})
    assert first.status_code == 202
    assert first.json()["first"] == [str(IDS[3]), str(IDS[2]), str(IDS[1])]
    assert api.post("/v1/engagement/update", {"limit": 3}).json()["first"] == [str(IDS[0])]
    nothing = api.post("/v1/engagement/update").json()
    assert (nothing["state"], nothing["total"]) == ("succeeded", 0)
    work_off(services)
    assert api.get(f"/v1/runs/{first.json()['id']}").json()["state"] == "succeeded"
    problem(api.post("/v1/engagement/update", {"limit": 10_001}), 422, "invalid-input")
