"""What was read and what is missing over HTTP, on real servers."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from control import commands
from scheduler.planner import BACKFILL, Planner
from shared.domain.access import Scope
from shared.domain.coverage.gaps import GapReason, Unread
from shared.services import coverage
from shared.services.bootstrap import Services
from shared.stores.database import ServerClock
from shared.stores.schedules import Schedule, Slot
from tests.control.http.conftest import Api, problem
from tests.workers.world import ScriptedX, page, without_archive, work_off

HOUR = timedelta(hours=1)


@pytest.fixture
def acme(api: Api, services: Services) -> str:
    """A token of a tenant that follows @esa and floods; @esa shares a stream with @nasa, whom another one follows."""
    token = api.token(Scope, tenant="acme")
    names = ["nasa", "esa"]
    services.stores.sources.begin_tracked("acme", now=services.clock.now())
    commands.track(services, names, since=timedelta(0))
    commands.track(services, ["esa"], since=timedelta(0), source="tracked-acme")
    commands.untrack(services, ["esa"])
    api.post("/v1/sources", {"id": "floods", "terms": {"keywords": ["flood"]}}, token=token)
    return token


def missing(services: Services) -> datetime:
    """An hour of the stream of both accounts was not read; answers since when."""
    (stream,) = services.stores.streams.with_members(["nasa"])
    now = ServerClock(services.stores.db).now()
    unread = Unread(now - 3 * HOUR, now - 2 * HOUR, GapReason.PAGE_LOST)
    coverage.note(services.stores, stream.id, stream.members, unread, now=now)
    return now


def test_coverage_is_told_of_the_tenant_s_alone(api: Api, services: Services, acme: str) -> None:
    """Its accounts and sources, page by page; a gap of a shared search names its own accounts only."""
    missing(services)
    rows = api.get("/v1/coverage?hours=48", token=acme).json()["data"]
    assert [(one["subject"], one["member"]) for one in rows] == [("floods", "+floods"), ("@esa", "esa")]
    (gap,) = rows[1]["gaps"]
    assert (gap["members"], gap["seconds"], gap["reason"], gap["route"]) == (["esa"], 3600, "page_lost", "recent")
    first = api.get("/v1/coverage?limit=1", token=acme).json()
    rest = api.get(f"/v1/coverage?limit=1&cursor={first['next_cursor']}", token=acme).json()
    assert [one["member"] for one in first["data"] + rest["data"]] == ["+floods", "esa"]
    one = api.get("/v1/coverage/tracked-acme", token=acme).json()["data"]
    assert [row["member"] for row in one] == ["esa"]
    assert [row["member"] for row in api.get("/v1/coverage").json()["data"]] == ["nasa"]
    problem(api.get("/v1/coverage/floods"), 404, "not-found")
    problem(api.get("/v1/coverage?until=2026-01-01T00:00:00"), 422, "invalid-input")


def test_what_is_missing_is_paged(api: Api, services: Services, acme: str) -> None:
    """The newest first, each once; a gap of others is not told of."""
    (stream,) = services.stores.streams.with_members(["nasa"])
    now = missing(services)
    for back in (5, 7):
        unread = Unread(now - back * HOUR, now - (back - 1) * HOUR, GapReason.PAGE_LOST)
        coverage.note(services.stores, stream.id, ["esa"] if back == 5 else ["nasa"], unread, now=now)
    seen, path = [], "/v1/gaps?limit=1"
    while path:
        answer = api.get(path, token=acme)
        seen += [(one["members"], one["state"]) for one in answer.json()["data"]]
        path = answer.links["next"]["url"] if answer.links else ""
    assert seen == [(["esa"], "open"), (["esa"], "open")]
    assert len(api.get("/v1/gaps").json()["data"]) == 2


def test_a_span_is_read_as_a_run(api: Api, services: Services, acme: str, x: ScriptedX) -> None:
    """What it would cost is told before; it ends when all of it is read; what was read is a run of nothing."""
    now = ServerClock(services.stores.db).now()
    body = {"subjects": ["@esa"], "from": (now - 3 * HOUR).isoformat(), "to": (now - HOUR).isoformat()}
    price = api.post("/v1/backfill?dry_run=true", body, token=acme)
    assert (price.status_code, price.json()["gaps"], price.json()["seconds"]) == (200, 1, 7200)
    assert services.stores.gaps.missing() == []
    began = api.post("/v1/backfill", body, token=acme, headers={"Idempotency-Key": "b"})
    run = began.json()
    assert (began.status_code, run["kind"], run["state"], run["first"]) == (202, "backfill", "queued", ["@esa"])
    assert run["cost"]["estimated_usd"] == pytest.approx(price.json()["estimated_usd"], abs=1e-6)
    services.stores.db["idempotency"].delete_many({})  # as if the answer had been lost
    again = api.post("/v1/backfill", body, token=acme, headers={"Idempotency-Key": "b"})
    assert (again.json()["id"], len(services.stores.gaps.missing())) == (run["id"], 1)

    x.script = lambda asked: page() if "search" in asked.path else (200, {"data": []})
    later = services.clock.now()
    slot = Slot(Schedule(BACKFILL, BACKFILL, "", timedelta(seconds=1), later, 0), later)
    for job, queue in Planner(services).plan(slot, later):
        services.sender.send(job, queue=queue)
    work_off(services)
    assert api.get(f"/v1/runs/{run['id']}", token=acme).json()["state"] == "succeeded"
    nothing = api.post("/v1/backfill", body, token=acme).json()
    assert (nothing["state"], nothing["cost"]["estimated_usd"]) == ("succeeded", 0.0)


def test_a_backfill_can_be_cancelled(api: Api, services: Services, acme: str) -> None:
    """What it asked for is missing no more, and is not read."""
    now = ServerClock(services.stores.db).now()
    body = {"subjects": ["floods"], "from": (now - 3 * HOUR).isoformat()}
    run = api.post("/v1/backfill", body, token=acme).json()
    assert api.post(f"/v1/runs/{run['id']}/cancel", token=acme).json()["state"] == "cancelled"
    assert services.stores.gaps.missing() == []


@pytest.mark.parametrize(
    ("subjects", "hours", "word"),
    [(["nasa"], 3, "not followed"), (["esa"], -1, "is not before"), (["esa"], 24 * 9, "7 days"), ([], 3, "subjects")],
)
def test_a_backfill_that_cannot_be_is_refused(
    api: Api, acme: str, services: Services, subjects: list[str], hours: float, word: str
) -> None:
    """Of what others follow, of no time, or of what no route reaches; and nothing is begun."""
    without_archive(services)
    begin = ServerClock(services.stores.db).now() - hours * HOUR
    answer = api.post("/v1/backfill", {"subjects": subjects, "from": begin.isoformat()}, token=acme)
    assert word in problem(answer, 422, "invalid-input")["detail"]
    assert [one["kind"] for one in api.get("/v1/runs", token=acme).json()["data"]] == []
