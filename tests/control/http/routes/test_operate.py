"""How the installation stands and is steered, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from control import commands
from shared.domain.access import Scope
from shared.domain.flock import ProcessKind
from shared.domain.jobs import ALL_QUEUES, DownloadMedia
from shared.domain.models import WorkClass
from shared.services.bootstrap import Services
from shared.services.presence import Presence
from shared.stores.dead_letters import DeadFilter
from tests.control.http.conftest import Api, problem

PATHS = ("status", "queues", "jobs", "workers", "limits", "schedules", "logs")


@pytest.mark.parametrize("path", PATHS)
def test_the_installation_is_for_its_operators(api: Api, path: str) -> None:
    """It is of all tenants, so a token that may read what its tenant collects does not see it."""
    told = problem(api.get(f"/v1/{path}", token=api.token([Scope.READ], tenant="acme")), 403, "forbidden")
    assert told["scope"] == "operate"


def test_status_is_what_the_command_says(api: Api) -> None:
    """The same words as `covey status`, and counted once for all who ask within five seconds."""
    commands.track(api.services, ["nasa"], since=timedelta())
    told = api.get("/v1/status").json()
    expected = commands.status(api.services)
    assert told.keys() == expected.keys()
    assert (told["verdict"], told["handles"], told["streams"]) == (expected["verdict"], 1, 1)
    assert {one["message"] for one in told["reasons"]} == {one["message"] for one in expected["reasons"]}
    commands.track(api.services, ["esa"], since=timedelta())
    again = api.get("/v1/status").json()
    assert (again["at"], again["handles"]) == (told["at"], 1)


def test_a_queue_is_paused_and_resumed_on_the_record(api: Api) -> None:
    """Once more changes nothing; what was paused before and after is in the audit trail, with the note."""
    noted = {"X-Covey-Note": "disk is full"}
    for changed in (["media"], []):
        answer = api.post("/v1/queues/media/pause", headers=noted)
        assert answer.json() == {"changed": changed, "paused": ["media"]}
    rows = {row["queue"]: row for row in api.get("/v1/queues").json()}
    assert list(rows) == list(ALL_QUEUES)
    assert [name for name, row in rows.items() if row["paused"]] == ["media"]
    assert any("media" in one["message"] for one in api.get("/v1/status").json()["reasons"])
    assert api.post("/v1/queues/all/resume").json() == {"changed": ["media"], "paused": []}
    problem(api.post("/v1/queues/medea/pause"), 404, "not-found")
    entries = api.get("/v1/audit").json()["data"]
    assert [(one["action"], one["before"], one["after"], one["note"]) for one in entries] == [
        ("queue.resume", ["media"], [], None),
        ("queue.pause", ["media"], ["media"], "disk is full"),
        ("queue.pause", [], ["media"], "disk is full"),
        *[(one["action"], one["before"], one["after"], one["note"]) for one in entries[3:]],
    ]


def test_jobs_are_found_and_cancelled(api: Api) -> None:
    """By queue, state and words; a cancelled one is a dead letter, and a second time there is no such job."""
    for number in range(3):
        api.services.sender.send(DownloadMedia(media_key=f"3_{number}"))
    found = api.get("/v1/jobs?queue=media&limit=2").json()
    assert ([one["subject"] for one in found["data"]], found["has_more"]) == (["file 3_0", "file 3_1"], True)
    assert [one["subject"] for one in api.get("/v1/jobs?subject=3_2&state=ready").json()["data"]] == ["file 3_2"]
    assert api.get("/v1/jobs?state=running").json() == {"data": [], "has_more": False}
    problem(api.get("/v1/jobs?queue=medea"), 422, "invalid-input")
    problem(api.get("/v1/jobs?state=late"), 422, "invalid-input")

    job_id = found["data"][0]["id"]
    assert api.post(f"/v1/jobs/{job_id}/cancel").json() == {"cancelled": [job_id], "running": [], "run": None}
    problem(api.post(f"/v1/jobs/{job_id}/cancel"), 404, "not-found")
    assert api.get("/v1/audit?action=job.cancel").json()["data"][1]["after"]["cancelled"] == [job_id]
    api.services.dead_letters.collect()
    assert api.services.stores.dead_letters.count(DeadFilter(reason="cancelled")) == 1


def test_workers_say_what_they_do(api: Api) -> None:
    """Each process with its queues and threads."""
    presence = Presence(api.services, ProcessKind.WORKER, describe=lambda: {"queues": ["media"], "threads": 8})
    presence.begin()
    (row,) = api.get("/v1/workers").json()
    presence.end()
    assert (row["kind"], row["state"], row["queues"], row["threads"]) == ("worker", "there", ["media"], 8)
    assert api.get("/v1/workers").json() == []


def test_limits_are_those_of_x(serve: Callable[..., Api], simulated: Services) -> None:
    """The windows of the calls that were made, and what is blocked."""
    simulated.x.users_by(WorkClass.INTERACTIVE, usernames=["nasa"])
    told = serve(simulated).get("/v1/limits").json()
    (window,) = told["windows"]
    assert window["remaining"] < window["limit"]
    assert window["reset_in_seconds"] > 0
    assert told["blocked"] == []


def test_schedules_are_paged_by_id(api: Api) -> None:
    """Page by page all of them; the Link header names the next page."""
    commands.track(api.services, [f"name{number}" for number in range(60)], since=timedelta())
    every = api.services.stores.schedules.all()
    assert len(every) > 1
    seen, path = [], "/v1/schedules?limit=1"
    while path:
        answer = api.get(path)
        seen += answer.json()["data"]
        path = answer.headers.get("Link", "").partition(">")[0].lstrip("<")
    assert [one["id"] for one in seen] == [one.id for one in every]
    assert api.get("/v1/schedules?kind=none").json() == {"data": [], "next_cursor": None}


def test_logs_are_the_newest_that_fit(
    serve: Callable[..., Api], make_services: Callable[..., Services], tmp_path: Path
) -> None:
    """By process, level, time and correlation id, the newest first; without logs here 404 says where they are."""
    api = serve(make_services("http://127.0.0.1:9", data_dir=tmp_path))
    assert "containers" in problem(api.get("/v1/logs"), 404, "not-found")["detail"]
    (tmp_path / "logs").mkdir()
    for name in ("scheduler", "worker-1"):
        lines = (
            f'{{"timestamp": "2026-11-27T10:00:{second:02}Z", "level": "{level}", "event": "{name} {second}", '
            f'"correlation_id": "run-{second % 2}"}}\n'
            for second, level in enumerate(("info", "warning", "info", "error"))
        )
        (tmp_path / "logs" / f"{name}.log").write_text("".join(lines))

    def texts(query: str) -> list[str]:
        return [one["text"].partition("  ")[0] for one in api.get(f"/v1/logs?{query}").json()["data"]]

    assert texts("service=worker-1") == ["worker-1 3", "worker-1 2", "worker-1 1", "worker-1 0"]
    assert sorted(texts("limit=2")) == ["scheduler 3", "worker-1 3"]
    assert texts("service=scheduler&level=warning") == ["scheduler 3", "scheduler 1"]
    assert texts("service=scheduler&correlation_id=run-0") == ["scheduler 2", "scheduler 0"]
    assert sorted(texts("since=2026-11-27T10:00:03Z")) == ["scheduler 3", "worker-1 3"]
    problem(api.get("/v1/logs?service=none"), 404, "not-found")
    problem(api.get("/v1/logs?since=2026-11-27T10:00:03"), 422, "invalid-input")
