"""X's count beside what is stored, with the simulator as X."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from control import commands
from control.audits import audit
from control.look_up import look_up
from shared.services.bootstrap import Services
from tests.control.conftest import servers_of
from tests.control.whole import covey, run_covey
from tests.scheduler.slots import fill_gaps
from tests.workers.world import STILL, Simulator, next_sweep, read_to_end, running_simulator, without_archive

__all__ = ["covey"]
SINCE = timedelta(hours=20)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """A world that stands still, so that X counts what was read."""
    with running_simulator(*STILL) as running:
        yield running


def followed(services: Services, simulator: Simulator) -> str:
    """The busiest account of the simulator, of which twenty hours are read."""
    without_archive(services)  # which X lets nobody search twice in a second, not even another test
    name = simulator.names()[0]
    commands.track(services, [name], since=SINCE, found=look_up(services, [name]))
    (stream,) = services.stores.streams.active()
    read_to_end(services, next_sweep(services, stream.id, "sweep-1").id)
    fill_gaps(services)
    return name


def test_what_is_stored_is_what_x_counts(simulated: Services, simulator: Simulator) -> None:
    """To the post, hour by hour; one that is taken out of the database is missing in its hour."""
    name = followed(simulated, simulator)
    before = audit(simulated, [name], window=timedelta(days=1))
    since = {"$gte": before["rows"][0]["from_at"]}  # X counts from a whole second on
    post = simulated.stores.db["X_tweets"].find_one(
        {"concerns.member": name.lower(), "created_at": since}, sort=[("created_at", 1)]
    )
    assert post is not None
    simulated.stores.db["X_tweets"].delete_one({"_id": post["_id"]})

    after = audit(simulated, [name], window=timedelta(days=1))

    (row,), (less,) = before["rows"], after["rows"]
    assert row["counted"] > 5
    assert (row["stored"], row["missing"], before["usd"]) == (row["counted"], 0, pytest.approx(0.005))
    assert sum(hour["counted"] for hour in row["hours"]) == row["counted"]
    assert [hour["stored"] for hour in row["hours"]] == [hour["counted"] for hour in row["hours"]]
    assert (less["missing"], less["stored"]) == (1, row["stored"] - 1)
    (short,) = [hour for hour in less["hours"] if hour["stored"] < hour["counted"]]
    assert short["from_at"] <= post["created_at"] < short["to_at"]


def test_more_in_one_hour_does_not_make_up_for_less_in_another(simulated: Services, simulator: Simulator) -> None:
    """One post is lost, and one is stored that X does not show: in all they are equal, and one is missing."""
    name = followed(simulated, simulator)
    (before,) = audit(simulated, [name], window=timedelta(days=1))["rows"]
    posts = simulated.stores.db["X_tweets"]
    compared = {"$gte": before["from_at"], "$lt": before["to_at"]}  # not the seconds that are no whole ones
    found = list(posts.find({"concerns.member": name.lower(), "created_at": compared}, sort=[("created_at", 1)]))
    oldest, newest = found[0], found[-1]
    assert newest["created_at"] - oldest["created_at"] > timedelta(hours=1)
    posts.delete_one({"_id": oldest["_id"]})
    posts.insert_one(newest | {"_id": str(int(newest["_id"]) - 1)})

    (row,) = audit(simulated, [name], window=timedelta(days=1))["rows"]

    assert row["stored"] == row["counted"] == before["counted"]
    assert (before["missing"], row["missing"]) == (0, 1)


def test_the_command_ends_with_1_when_something_is_missing(simulated: Services, simulator: Simulator) -> None:
    """A table, the price, and JSON with the hours."""
    name = followed(simulated, simulator)
    servers = servers_of(simulated) | {"X_BEARER_TOKEN": "sim-test", "COVEY_X_BASE_URL": simulator.url}

    whole = run_covey("coverage", name, "--audit", **servers)
    simulated.stores.db["X_tweets"].delete_many({"concerns.member": name.lower()})
    lost = run_covey("coverage", name, "--audit", "--json", **servers)

    assert whole.stderr == ""
    assert (whole.status, "Asking cost $0.005" in whole.stdout) == (0, True)
    assert lost.status == 1
    assert json.loads(lost.stdout)["rows"][0]["stored"] == 0


def test_only_whole_seconds_are_compared(simulated: Services, simulator: Simulator) -> None:
    """X knows no parts of a second: the same posts are counted and taken as stored, whenever it was read."""
    name = followed(simulated, simulator)
    posts = simulated.stores.db["X_tweets"].find({"concerns.member": name.lower()}, sort=[("created_at", 1)])
    times = [post["created_at"] for post in posts if post["created_at"].microsecond]
    (stream,) = simulated.stores.streams.active()
    # Reading begins just above the first post, and ends just above the last but one, within the second of each.
    change = {"since": times[0] + timedelta(milliseconds=1)}
    simulated.stores.db["X_tracked_handles"].update_one({"_id": name.lower()}, {"$set": change})
    through = {"covered_through": times[-2] + timedelta(milliseconds=1)}
    simulated.stores.db["X_streams"].update_one({"_id": stream.id}, {"$set": through})

    (row,) = audit(simulated, [name], window=timedelta(days=1))["rows"]

    assert (row["from_at"].microsecond, row["to_at"].microsecond) == (0, 0)
    assert times[0] < row["from_at"] < row["to_at"] <= times[-2]
    assert row["stored"] == row["counted"] > 5
