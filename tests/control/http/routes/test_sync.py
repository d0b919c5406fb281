"""Reading sources at once over HTTP, on real servers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from scheduler.planner import Planner
from shared.domain.access import Scope
from shared.services.bootstrap import Services
from shared.services.following import SEARCH
from shared.stores.database import ServerClock
from tests.control.http.conftest import Api, problem
from tests.workers.world import ScriptedX, page, post_id, work_off

FLOODS = {"id": "floods", "terms": {"keywords": ["flood"]}, "interval": "1h"}


@pytest.fixture
def floods(api: Api, services: Services, x: ScriptedX) -> str:
    """A source of words whose stream was read a moment ago, and is due in an hour; answers the stream."""
    x.script = lambda asked: page()
    api.post("/v1/sources", FLOODS)
    read_due(services)
    (stream,) = services.stores.streams.active()
    later = services.clock.now() + timedelta(hours=1)
    services.stores.db["schedules"].update_one({"_id": f"{SEARCH}:{stream.id}"}, {"$set": {"next_due_at": later}})
    return stream.id


def read_due(services: Services) -> int:
    """A round of the scheduler and of the workers; answers how many searches were due."""
    stores, now = services.stores, ServerClock(services.stores.db).now()
    due = [one for one in stores.schedules.due(now=now, limit=100) if one.kind == SEARCH]
    planner = Planner(services)
    for schedule in due:
        slot = stores.schedules.claim(schedule, now=now, by="test")
        assert slot is not None
        for job, queue in planner.plan(slot, now):
            services.sender.send(job, queue=queue)
    work_off(services)
    return len(due)


def test_a_source_is_read_at_once(api: Api, services: Services, floods: str, x: ScriptedX) -> None:
    """202 with a run, which ends when its stream was read; what it would cost is told before."""
    assert read_due(services) == 0
    price = api.post("/v1/sync/sources/floods?dry_run=true")
    assert (price.status_code, price.json()["streams"]) == (200, 1)
    assert read_due(services) == 0
    began = api.post("/v1/sync/sources/floods")
    run = began.json()
    assert (began.status_code, run["kind"], run["state"], run["total"]) == (202, "sync", "queued", 1)
    assert run["cost"]["spent_usd"] is None
    standing = api.get("/v1/sync/sources/floods").json()
    assert (standing["run"], standing["running_since"]) == (run["id"], None)
    x.script = lambda asked: page(post_id(1))
    assert read_due(services) == 1
    ended = api.get(f"/v1/runs/{run['id']}").json()
    assert (ended["state"], ended["done"]) == ("succeeded", 1)
    standing = api.get("/v1/sync/sources/floods").json()
    assert (standing["run"], standing["totals"]["posts"]) == (None, 1)
    assert standing["last_sync_at"] == ended["ended_at"]
    (entry,) = api.get("/v1/audit?action=sync.begin").json()["data"]
    assert entry["target"] == "floods"


def test_a_second_one_at_once_is_refused(api: Api, services: Services, floods: str) -> None:
    """With the id of the one that runs; the same request with its key is the same run; afterwards another may begin."""
    first = api.post("/v1/sync/sources/floods", headers={"Idempotency-Key": "k"})
    body = problem(api.post("/v1/sync/sources/floods"), 409, "conflict")
    assert body["run_id"] == first.json()["id"]
    services.stores.db["idempotency"].delete_many({})
    again = api.post("/v1/sync/sources/floods", headers={"Idempotency-Key": "k"})
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    read_due(services)
    other = api.post("/v1/sync/sources/floods")
    assert (other.status_code, other.json()["id"] != first.json()["id"]) == (202, True)
    assert api.post(f"/v1/runs/{other.json()['id']}/cancel").json()["state"] == "cancelled"
    assert api.post("/v1/sync/sources/floods").status_code == 202


def test_of_many_at_the_same_moment_one_begins(api: Api, floods: str) -> None:
    """Of six requests one is carried out, and the others are told which."""
    answers: list[Any] = []

    def ask(begin: threading.Barrier) -> None:
        begin.wait(10)
        answers.append(api.post("/v1/sync/sources/floods"))

    barrier = threading.Barrier(6)
    threads = [threading.Thread(target=ask, args=(barrier,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(15)
    (run,) = [one.json()["id"] for one in answers if one.status_code == 202]
    refused = [problem(one, 409, "conflict")["run_id"] for one in answers if one.status_code != 202]
    assert refused == [run] * 5


def test_all_of_a_tenant_is_read_at_once(api: Api, services: Services, floods: str) -> None:
    """Its own streams, and no others; with nothing to listen to it is done."""
    other = api.token(Scope, tenant="acme")
    nothing = api.post("/v1/sync/tenant", token=other).json()
    assert (nothing["state"], nothing["total"]) == ("succeeded", 0)
    assert read_due(services) == 0
    assert api.post("/v1/sync/tenant").json()["total"] == 1
    assert read_due(services) == 1
    for path in ("/v1/sync/sources/floods",):
        problem(api.post(path, token=other), 404, "not-found")
        problem(api.get(path, token=other), 404, "not-found")
    api.post("/v1/sources/floods/pause")
    problem(api.post("/v1/sync/sources/floods"), 409, "conflict")


def test_how_reading_is_planned_is_told(api: Api, services: Services, floods: str) -> None:
    """Whether a scheduler leads, when the searches are due, what can be listened to and what the plan has of it."""
    plan = api.get("/v1/sync/scheduler").json()
    assert (plan["leads"], plan["searches"], plan["late_seconds"]) == (False, 1, 0.0)
    (platform,) = api.get("/v1/sync/platforms").json()
    assert (platform["id"], platform["name"], platform["status"]) == ("x", "X", "ready")
    assert platform["capabilities"]["search/recent"] is True
    assert platform["capabilities"]["search/all"] is None


def test_made_up_posts_are_for_development(
    api: Api, services: Services, make_services: Callable[..., Services], serve: Callable[..., Api]
) -> None:
    """Refused otherwise; each says what it is, is of the tenant alone, and is never asked X about."""
    problem(api.post("/v1/sync/mock-data"), 403, "forbidden")
    own = serve(make_services("http://127.0.0.1:9", development=True), admin=api.admin)
    ids = own.post("/v1/sync/mock-data").json()["ids"]
    found = list(services.stores.db["mentions"].find({"tenant_id": "default"}))
    assert {one["external_id"] for one in found} == set(ids)
    assert all(one["content"].startswith("[mock data]") for one in found)
    assert services.stores.mentions.among("acme", ids) == set()
    assert services.stores.engagement.count_known([int(one) for one in ids]) == 0
