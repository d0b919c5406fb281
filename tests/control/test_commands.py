"""What the commands do, on real servers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from control import commands
from control.cli.app import app
from control.roster import handles
from shared.broker import build_broker
from shared.broker.sender import Sender
from shared.domain.errors import BrokerUnavailable, InputError
from shared.domain.flock import ProcessKind
from shared.domain.jobs import ALL_QUEUES, Canary, Queue, RefreshEngagement, ResolveHandles
from shared.runtime.embedded import free_port
from shared.services.bootstrap import Services
from shared.services.following import SEARCH
from shared.services.presence import Presence
from tests.control.conftest import Invoke
from tests.scheduler.slots import fill_gaps
from tests.workers.world import (
    ScriptedX,
    Simulator,
    jobs_in,
    next_sweep,
    page,
    post_id,
    read_to_end,
    stored_ids,
    take_jobs,
    without_archive,
    work_off,
)

NOW = timedelta(0)


def refreshes(services: Services) -> list[RefreshEngagement]:
    """The refreshes that wait, in the order of their claims."""
    waiting = [job for job in jobs_in(services, Queue.INTERACTIVE) if isinstance(job, RefreshEngagement)]
    return sorted(waiting, key=lambda job: int(job.claim_id.rpartition(":")[2]))


# --- track, untrack, handles


def test_tracking_follows_new_names_in_few_streams_and_looks_them_up(services: Services) -> None:
    """New names get streams, schedules and one look-up; those followed already are told apart, whatever their case."""
    commands.track(services, ["alice"], since=NOW)

    done = commands.track(services, ["ALICE", "bob", "carol"], since=NOW)

    assert (done.added, done.already, done.streams) == (["bob", "carol"], ["ALICE"], 1)
    streams = services.stores.streams.active()
    assert sorted(name for stream in streams for name in stream.members) == ["alice", "bob", "carol"]
    assert {s.subject for s in services.stores.schedules.all() if s.kind == SEARCH} == {s.id for s in streams}
    looked_up = {job.subject for job in jobs_in(services, Queue.INTERACTIVE)}
    assert looked_up == {"alice", "bob,carol"}


def test_tracking_since_begins_in_the_past(services: Services) -> None:
    """The stream's coverage and cursor begin that long ago."""
    commands.track(services, ["alice"], since=timedelta(hours=2))

    (stream,) = services.stores.streams.active()
    age = services.clock.now() - stream.began_at
    assert timedelta(hours=2) <= age < timedelta(hours=2, minutes=1)
    assert stream.covered_through == stream.began_at


def test_tracking_as_far_back_as_may_be_asked_for_leaves_no_gap(simulated: Services, simulator: Simulator) -> None:
    """Seven days, read after a while: X refuses nothing, and all that it can find from the begin on is stored."""
    without_archive(simulated)
    name, calls = simulator.names()[0], simulator.calls("search/recent")

    commands.track(simulated, [name], since=timedelta(days=7))

    (stream,) = simulated.stores.streams.active()
    ended = read_to_end(simulated, next_sweep(simulated, stream.id, "sweep-1").id)
    fill_gaps(simulated)
    (read,) = simulated.stores.streams.active()
    assert ended.is_complete
    assert simulated.stores.gaps.missing() == []
    filled = simulated.stores.db["X_sweeps"].find({"kind": "backfill"})
    assert simulator.calls("search/recent") - calls == ended.page + sum(sweep["page"] for sweep in filled)
    assert simulated.clock.now() - read.began_at < timedelta(days=7)
    findable = simulator.findable(stream.query, since=read.began_at, until=read.covered_through)
    assert findable
    assert findable <= stored_ids(simulated)


@pytest.mark.parametrize("since", [timedelta(0), timedelta(hours=3), timedelta(days=6)])
def test_tracking_since_less_than_that_begins_exactly_there(services: Services, since: timedelta) -> None:
    """Only what X could refuse is moved."""
    before = services.clock.now()

    commands.track(services, ["alice"], since=since)

    (stream,) = services.stores.streams.active()
    assert abs(stream.began_at - (before - since)) < timedelta(seconds=10)


def test_tracking_many_names_looks_them_up_by_the_hundred(services: Services) -> None:
    """250 names are three look-ups, and every name is in one stream."""
    names = [f"account_{number}" for number in range(250)]

    commands.track(services, names, since=NOW)

    jobs = [job for job in jobs_in(services, Queue.INTERACTIVE) if isinstance(job, ResolveHandles)]
    assert sorted(len(job.usernames) for job in jobs) == [50, 100, 100]
    followed = [name for stream in services.stores.streams.active() for name in stream.members]
    assert sorted(followed) == sorted(names)


def test_untracking_narrows_or_retires_and_keeps_what_was_collected(services: Services, x: ScriptedX) -> None:
    """A stream keeps its cursor and loses the name from its query; one without names is retired with its schedule."""
    commands.track(services, ["alice", "bob"], since=NOW)
    (before,) = services.stores.streams.active()

    commands.untrack(services, ["ALICE"])
    (narrowed,) = services.stores.streams.active()
    commands.untrack(services, ["bob"])

    assert (narrowed.id, narrowed.members, narrowed.cursor_id) == (before.id, ("bob",), before.cursor_id)
    assert "alice" not in narrowed.query
    assert services.stores.streams.active() == []
    assert [s for s in services.stores.schedules.all() if s.kind == SEARCH] == []
    assert [row["active"] for row in handles(services.stores)] == [False, False]


def test_untracking_a_stranger_does_nothing(services: Services) -> None:
    """The error names those that are not followed, and the others are still followed."""
    commands.track(services, ["alice"], since=NOW)

    with pytest.raises(InputError, match="not followed: bob, carol"):
        commands.untrack(services, ["alice", "bob", "carol"])

    assert services.stores.streams.active()[0].members == ("alice",)


def test_tracking_again_follows_again(services: Services) -> None:
    """A name that was given up gets a stream of its own from now on."""
    commands.track(services, ["alice"], since=NOW)
    commands.untrack(services, ["alice"])

    done = commands.track(services, ["alice"], since=NOW)

    assert done.added == ["alice"]
    assert [stream.members for stream in services.stores.streams.active()] == [("alice",)]
    assert [row["active"] for row in handles(services.stores)] == [True]


def test_handles_tell_how_far_each_account_is_covered(simulated: Services, simulator: Simulator) -> None:
    """After a look-up and a sweep a row has the id and the coverage; a name without an account has X's reason."""
    name = simulator.names()[0]
    commands.track(simulated, [name, "nobody_has_it"], since=NOW)
    work_off(simulated)

    rows = {row["username"]: row for row in handles(simulated.stores)}

    account = simulator.accounts()[0]
    (stream,) = simulated.stores.streams.active()
    assert rows[name]["user_id"] == account["id"]
    assert rows[name]["covered_through"] == stream.covered_through
    assert (rows[name]["gaps"], rows[name]["problem"]) == (0, None)
    assert rows["nobody_has_it"]["problem"] == "not-found"


# --- refresh


def test_a_refresh_is_sent_by_the_hundred_ahead_of_everything(services: Services) -> None:
    """250 posts are three interactive jobs of one run, each post once."""
    ids = [post_id(1000 + number) for number in range(250)]

    request = commands.refresh(services, ids)

    jobs = refreshes(services)
    assert [len(job.post_ids) for job in jobs] == [100, 100, 50]
    assert [int(id_) for job in jobs for id_ in job.post_ids] == ids
    assert {job.run_id for job in jobs} == set(request.run_ids)
    assert (request.total, request.joined, len(request.run_ids)) == (250, 0, 1)


def test_a_second_request_joins_the_first(services: Services, x: ScriptedX) -> None:
    """Posts that are asked for already are not asked for again; both requests get X's word."""
    a, b, c = post_id(10), post_id(20), post_id(30)
    x.script = lambda asked: page(*map(int, asked.params["ids"].split(",")))
    first = commands.refresh(services, [a, b])

    second = commands.refresh(services, [b, c])
    work_off(services)

    assert (second.joined, set(first.run_ids) < set(second.run_ids)) == (1, True)
    assert commands.refreshed(services, first.run_ids, [a, b]) == {str(a): "alive", str(b): "alive"}
    assert commands.refreshed(services, second.run_ids, [b, c]) == {str(b): "alive", str(c): "alive"}
    asked = [id_ for request in x.asked for id_ in request.params["ids"].split(",")]
    assert sorted(asked) == sorted(map(str, (a, b, c)))


def test_a_request_that_was_answered_is_not_joined(services: Services, x: ScriptedX) -> None:
    """Asking again after the answer reads again, where what was read a moment ago is not enough."""
    x.script = lambda asked: page(post_id(10))
    commands.refresh(services, [post_id(10)])
    work_off(services)

    request = commands.refresh(services, [post_id(10)], max_age=NOW)

    assert request.joined == 0
    assert len(refreshes(services)) == 1


def test_joining_a_request_whose_job_was_lost_sends_it_again(services: Services, x: ScriptedX) -> None:
    """Nobody waits for a job that is gone: the same job is sent, and only once while it is outstanding."""
    ids = [post_id(1000 + number) for number in range(150)]
    commands.refresh(services, ids)
    lost = refreshes(services)
    take_jobs(services, Queue.INTERACTIVE)

    request = commands.refresh(services, ids[:3])
    commands.refresh(services, ids[:3])

    assert request.joined == 3
    assert refreshes(services) == lost


def test_a_request_that_could_not_be_sent_can_be_made_again(services: Services, x: ScriptedX) -> None:
    """With Redis away the error says so; the same request afterwards is answered."""
    away = build_broker(f"redis://127.0.0.1:{free_port()}/0", middleware=[], queues=(Queue.INTERACTIVE,))
    with pytest.raises(BrokerUnavailable):
        commands.refresh(replace(services, sender=Sender(away)), [post_id(10)])
    x.script = lambda asked: page(post_id(10))

    request = commands.refresh(services, [post_id(10)])
    work_off(services)

    assert commands.refreshed(services, request.run_ids, [post_id(10)]) == {str(post_id(10)): "alive"}


# --- status


def test_status_counts_what_there_is(simulated: Services, simulator: Simulator) -> None:
    """After some work the document has every count, every queue and the window of X as it stands."""
    commands.track(simulated, simulator.names()[:2], since=NOW)
    work_off(simulated)
    newest = simulator.truth("posts", query=f"from:{simulator.names()[0]}")["posts"][:5]
    commands.refresh(simulated, [int(post["id"]) for post in newest], max_age=NOW)
    work_off(simulated)

    document = commands.status(simulated)

    assert (document["handles"], document["streams"]) == (2, 1)
    assert document["posts"] > 0
    assert document["snapshots"] > 0
    assert document["covered_seconds_ago"] >= 0
    assert set(document["queues"]) == set(ALL_QUEUES)
    windows = {window["endpoint"]: window for window in document["windows"]}
    assert windows["users/by"]["remaining"] < windows["users/by"]["limit"]
    assert windows["tweets"]["in_flight"] == 0


def test_status_of_nothing(services: Services) -> None:
    """On empty servers every count is 0."""
    document = commands.status(services)

    assert [document[name] for name in ("handles", "streams", "posts", "snapshots", "gaps")] == [0] * 5
    assert document["windows"] == []


def test_status_without_redis_says_so(make_services: Callable[..., Services], x: ScriptedX) -> None:
    """An unreachable queue is an error of the tree, which the command line can print."""
    services = make_services(x.url, redis_url=f"redis://127.0.0.1:{free_port()}/0")

    with pytest.raises(BrokerUnavailable, match="cannot be reached"):
        commands.status(services)


def test_status_begins_with_a_verdict(services: Services, invoke: Invoke) -> None:
    """Each reason on a line with what to do; with --check an exit status says it too."""
    nobody = invoke("status", "--check")

    assert nobody.exit_code == 2
    assert nobody.stdout.splitlines()[0] == "stopped"
    assert "no scheduler runs: nothing new is planned; start one" in " ".join(nobody.stdout.split())
    assert invoke("status").exit_code == 0

    scheduler = Presence(services, ProcessKind.SCHEDULER, describe=lambda: {"leads": True})
    scheduler.id = "scheduler"
    worker = Presence(services, ProcessKind.WORKER, describe=lambda: {"queues": list(ALL_QUEUES), "threads": 8})
    scheduler.begin()
    worker.begin()
    well, document = invoke("status", "--check"), json.loads(invoke("status", "--json").stdout)
    scheduler.end()
    worker.end()

    assert (well.exit_code, well.stdout) == (0, "healthy\n")
    assert (document["verdict"], document["reasons"]) == ("healthy", [])


def test_letters_are_news_until_somebody_looks(services: Services, invoke: Invoke) -> None:
    """A look at the list is one."""
    services.sender.send(Canary(queue="media", sent_at_ms=0), queue="media")
    (waiting,) = services.broker.introspection.look("media").waiting
    services.broker.introspection.cancel(waiting, "cancelled")
    services.dead_letters.collect()

    def told() -> bool:
        return "1 dead letters that nobody has looked at" in invoke("status", "--check").stdout

    assert told()
    invoke("dead", "list")
    assert not told()


def test_status_without_a_server_is_a_verdict_where_one_is_asked_for(tmp_path: Path) -> None:
    """`--check` ends with 2 and the reason; without it the command fails with the reason alone."""
    environment = {
        "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
        "MONGO_URI": f"mongodb://127.0.0.1:{free_port()}/",
        "COVEY_DATA_DIR": str(tmp_path),
    }

    checked = CliRunner().invoke(app, ["status", "--check", "--json"], env=environment)

    assert checked.exit_code == 2
    told = json.loads(checked.stdout)
    assert (told["verdict"], told["reasons"][0]["check"]) == ("stopped", "reachable")
    assert "Redis at 127.0.0.1" in told["reasons"][0]["message"]
    assert isinstance(CliRunner().invoke(app, ["status"], env=environment).exception, BrokerUnavailable)
