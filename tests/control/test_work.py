"""What is worked on, and how a person steers it, on real servers."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import dramatiq
import pytest

from control import commands, trail, work
from control.work import JobFilter
from shared.domain.errors import InputError
from shared.domain.flock import ProcessKind
from shared.domain.jobs import ALL_QUEUES, Canary, DownloadMedia, Queue, SearchPage
from shared.services.bootstrap import Services
from shared.services.presence import Presence
from tests.control.conftest import Invoke
from tests.workers.world import NOW, ScriptedX, post_id

POST = post_id(60)


def all_jobs(services: Services, **which: str) -> list[dict[str, object]]:
    """The jobs that fit."""
    return work.jobs(services, JobFilter(**which), limit=100)


def test_queues_have_depth_speed_and_hands(services: Services) -> None:
    """Of each queue: what waits, who serves it, how fast, whether it is paused."""
    services.sender.send(DownloadMedia(media_key="3_1"))
    presence = Presence(
        services,
        ProcessKind.WORKER,
        describe=lambda: {"queues": ["media"], "threads": 8, "ended_a_minute": {"media": 120}},
    )
    presence.begin()
    work.pause(services, ["media"])

    rows = {row["queue"]: row for row in work.queues(services)}
    presence.end()

    assert list(rows) == list(ALL_QUEUES)
    assert (rows["media"]["ready"], rows["media"]["threads"], rows["media"]["ended_a_minute"]) == (1, 8, 120)
    assert rows["media"]["paused"]
    assert abs(rows["media"]["paused_since"] - datetime.now(UTC)) < timedelta(seconds=5)
    assert (rows["search"]["threads"], rows["search"]["paused"]) == (0, False)


def test_jobs_say_what_they_are_about(services: Services) -> None:
    """A search by its handles, a refresh by its posts and its run; filters narrow it down."""
    commands.track(services, ["NASA", "esa"], since=timedelta())
    (stream,) = services.stores.streams.active()
    services.sender.send(SearchPage(sweep_id=f"search:{stream.id}@1", page=3))
    run = commands.refresh(services, [POST]).run_ids[0]
    services.sender.send(DownloadMedia(media_key="3_1"))

    found = {row["job"]: row for row in all_jobs(services)}

    assert found["search_page"]["subject"] == "@esa, @nasa, page 3"
    assert found["refresh_engagement"]["subject"] == f"post {POST} (run {run})"
    assert found["download_media"]["state"] == "ready"
    assert [row["job"] for row in all_jobs(services, subject="@nasa")] == ["resolve_handles", "search_page"]
    assert [row["job"] for row in all_jobs(services, subject=str(POST))] == ["refresh_engagement"]
    assert [row["job"] for row in all_jobs(services, queue="media")] == ["download_media"]
    assert all_jobs(services, state="running") == []
    with pytest.raises(InputError, match="unknown queue 'medea'"):
        JobFilter(queue="medea")
    with pytest.raises(InputError, match=r"unknown state 'late'.*ready, delayed, gated, running"):
        JobFilter(state="late")


def test_a_cancelled_job_can_be_brought_back(services: Services) -> None:
    """It is in the dead letters with its reason, and in the queue again after a replay."""
    services.sender.send(DownloadMedia(media_key="3_1"))
    (job,) = all_jobs(services)

    done = work.cancel(services, str(job["id"]))

    assert done == {"cancelled": [job["id"]], "running": [], "run": None}
    (letter,) = services.dead_letters.collect().letters
    assert (letter["reason"], letter["job"]) == ("cancelled", "download_media")
    with pytest.raises(InputError, match="no job that waits or runs"):
        work.cancel(services, str(job["id"]))


def test_a_cancelled_run_is_not_taken_up_again(services: Services) -> None:
    """All its jobs leave the queue, and neither a second request joins it nor the scheduler sends for it."""
    run = commands.refresh(services, [POST + n for n in range(150)]).run_ids[0]
    services.sender.send(Canary(queue="interactive", sent_at_ms=0), queue=Queue.INTERACTIVE)

    done = work.cancel(services, run)

    assert (len(done["cancelled"]), done["run"]) == (2, run)
    assert [row["job"] for row in all_jobs(services, queue="interactive")] == ["canary"]
    assert services.stores.runs.unfinished(after=NOW - timedelta(days=1)) == []
    assert commands.refresh(services, [POST]).joined == 0


def test_a_run_is_cancelled_wherever_its_jobs_stand(services: Services) -> None:
    """Also those behind so many others that one look does not show them, however many leave before."""
    fillers = [
        dramatiq.Message(queue_name=Queue.INTERACTIVE, actor_name="other", args=(), kwargs={}, options={})
        for _ in range(work.PAGE - 3)
    ]
    first = commands.refresh(services, [POST + n for n in range(300)]).run_ids[0]
    for filler in fillers:
        services.broker.enqueue(filler)
    run = services.stores.runs.get(first)
    assert run is not None
    late = dramatiq.Message(
        queue_name=Queue.INTERACTIVE,
        actor_name="refresh_engagement",
        args=({"version": 1, "claim_id": "late", "post_ids": [str(POST)], "run_id": first},),
        kwargs={},
        options={},
    )
    services.broker.enqueue(late)

    done = work.cancel(services, first)

    assert len(done["cancelled"]) == 4
    assert late.message_id in done["cancelled"]


def test_the_commands_print_what_the_functions_answer(services: Services, invoke: Invoke) -> None:
    """As tables for people and as JSON for scripts."""
    services.sender.send(DownloadMedia(media_key="3_1"))
    (job,) = all_jobs(services)

    assert json.loads(invoke("queues", "--json").stdout)[-1]["ready"] == 1
    assert "media" in invoke("queues").stdout
    assert json.loads(invoke("jobs", "--json").stdout)[0]["id"] == job["id"]
    assert "file 3_1" in " ".join(invoke("jobs").stdout.split())
    assert "No job fits." in invoke("jobs", "--subject", "nothing like it").stdout
    assert "No process runs" in invoke("workers").stdout
    assert json.loads(invoke("workers", "--json").stdout) == []
    assert "Paused: media" in invoke("pause", "media").stdout
    assert "Paused already" in invoke("pause", "media").stdout
    (_, first) = trail.entries(services, tenant=None, limit=5)
    assert (first["action"], first["actor"]["kind"], first["after"]) == ("queue.pause", "cli", ["media"])
    assert "Resumed: media" in invoke("resume", "all").stdout
    assert "Not paused" in invoke("resume", "all").stdout
    assert "Cancelled: 1 jobs" in invoke("cancel", str(job["id"])).stdout


def test_workers_show_what_they_run(services: Services, invoke: Invoke) -> None:
    """Process, host, version, and for each busy thread the job, its subject and for how long."""
    running = {
        "job": "download_media",
        "queue": "media",
        "subject": "file 3_1",
        "message_id": "m",
        "since": datetime.now(UTC) - timedelta(seconds=30),
    }
    said = {"queues": ["media"], "threads": 8, "running": [running]}
    presence = Presence(services, ProcessKind.WORKER, describe=lambda: said)
    presence.begin()

    (row,) = work.workers(services)
    shown = " ".join(invoke("workers").stdout.split())
    presence.end()

    assert (row["state"], row["busy"], row["threads"]) == ("there", 1, 8)
    assert row["running"][0]["subject"] == "file 3_1"
    assert 29 <= row["running"][0]["seconds"] <= 40
    assert "1 of 8" in shown
    assert "download_media" in shown


def test_the_setting_cannot_be_undone_by_a_command(make_services: Callable[..., Services], x: ScriptedX) -> None:
    """Resuming would change nothing, which is said."""
    services = make_services(x.url, collect=False)

    with pytest.raises(InputError, match="COVEY_COLLECT is false"):
        work.resume(services, ["all"])
