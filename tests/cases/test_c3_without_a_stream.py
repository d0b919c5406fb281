"""A handle that is followed and that no stream carries is told, and gets one from where it was left."""

from __future__ import annotations

from datetime import timedelta

import pytest

from control import commands
from control.roster import handles
from shared.domain import snowflake
from shared.services.bootstrap import Services
from tests.cases.flock_of_accounts import keep
from tests.workers.world import NOW


def orphan(services: Services, *, since: timedelta = timedelta(hours=2)) -> None:
    """Follow @alice and @bob, and take @alice out of their stream, as a crash between two writes did."""
    now = services.clock.now()
    services.following.follow(["alice", "bob"], since=now - since, now=now)
    (stream,) = services.stores.streams.active()
    assert services.stores.streams.replace(stream, members=("bob",), query="(@bob OR to:bob OR from:bob)", now=now)


def test_the_reconciler_gives_it_a_stream(services: Services) -> None:
    """From when on it was asked for, with a schedule of its own; looking again changes nothing."""
    orphan(services)
    keep(services)

    (stream,) = services.stores.streams.with_members(["alice"])
    assert stream.began_at == stream.covered_through
    assert timedelta(hours=1, minutes=59) < services.clock.now() - stream.began_at < timedelta(hours=2, minutes=1)
    assert stream.cursor_id == snowflake.first_id_at(stream.began_at) - 1
    assert stream.id in {schedule.subject for schedule in services.stores.schedules.all()}
    keep(services)
    assert [one.id for one in services.stores.streams.with_members(["alice"])] == [stream.id]


def test_it_is_not_shown_as_covered(services: Services) -> None:
    """Not by another's coverage, and not by none at all."""
    orphan(services)

    alice = next(row for row in handles(services.stores) if row["username"] == "alice")
    assert (alice["covered_through"], alice["problem"]) == (None, "in no search yet")
    assert commands.status(services)["handles_without_search"] == 1


def test_track_does_not_say_that_it_is_followed_already(services: Services) -> None:
    """It gives it a stream at once."""
    orphan(services)

    done = commands.track(services, ["alice", "bob"], since=timedelta(0))

    assert (done.added, done.already) == (["alice"], ["bob"])
    assert len(services.stores.streams.with_members(["alice"])) == 1


def test_one_that_was_followed_long_ago_is_read_as_far_as_x_searches(services: Services) -> None:
    """Seven days less the time a first page may wait."""
    orphan(services, since=timedelta(days=300))
    keep(services)

    (stream,) = services.stores.streams.with_members(["alice"])
    assert timedelta(days=6, hours=23) < services.clock.now() - stream.began_at < timedelta(days=7)


def test_one_that_is_being_followed_is_left_to_who_follows_it(services: Services) -> None:
    """`covey track` writes the handle first: the scheduler does not give it a second stream meanwhile."""
    services.stores.handles.activate(["alice"], since=NOW, now=services.clock.now())
    services.following.keep_in_step(before=services.clock.now() - timedelta(minutes=1), now=services.clock.now())

    assert services.stores.streams.active() == []


@pytest.mark.parametrize("names", [("alice",), ("alice", "bob")])
def test_a_stream_of_who_is_not_followed_is_brought_in_step(services: Services, names: tuple[str, ...]) -> None:
    """The other way round: `untrack` ended after its first write."""
    now = services.clock.now()
    services.following.follow(["alice", "bob"], since=now, now=now)
    services.stores.handles.deactivate(names, now=now)
    keep(services)

    assert {name for one in services.stores.streams.active() for name in one.members} == {"alice", "bob"} - set(names)
