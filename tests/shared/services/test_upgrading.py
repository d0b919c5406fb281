"""What a process changes at its start in what an earlier version wrote."""

from __future__ import annotations

from datetime import timedelta

from shared.services import upgrading
from shared.services.bootstrap import Services
from tests.workers.world import NOW


def test_streams_of_an_earlier_version_go_on(services: Services) -> None:
    """What they carry, their cursor and their schedule stay; accounts become those of `covey track`."""
    db = services.stores.db
    (before,) = services.following.follow(["nasa", "esa"], since=NOW, now=NOW)
    gone = {"parts": "", "interval_seconds": "", "credential": ""}
    db["X_streams"].update_one({}, {"$rename": {"members": "handles"}, "$unset": gone})
    db["X_tracked_handles"].update_many({}, {"$unset": {"sources": ""}})
    schedules = services.stores.schedules.all()

    for _ in range(2):
        upgrading.take_over(services.stores, now=services.clock.now())
        services.following.keep_in_step(before=services.clock.now(), now=services.clock.now())

    assert services.stores.streams.active() == [before]
    assert services.stores.schedules.all() == schedules
    (tracked,) = services.stores.sources.all()
    assert (tracked.id, sorted(tracked.accounts)) == ("tracked", ["esa", "nasa"])


def test_a_stream_of_an_earlier_version_gets_its_ledger(services: Services) -> None:
    """What it says of itself becomes an interval and gaps, once, whoever looks."""
    now = services.clock.now()
    (stream,) = services.following.follow(["alice"], since=now - timedelta(hours=2), now=now)
    gap = {"from_at": now - timedelta(minutes=90), "to_at": now - timedelta(hours=1), "reason": "paging_stuck"}
    change = {"gaps": [gap], "covered_through": now}
    services.stores.db["X_streams"].update_one({"_id": stream.id}, {"$set": change})

    for _ in range(2):
        upgrading.take_over(services.stores, now=now)

    (interval,) = services.stores.intervals.of([stream.id])
    (missing,) = services.stores.gaps.missing()
    assert (interval.from_at, interval.check) == (stream.began_at, "not_verified")
    assert abs(interval.to_at - now) < timedelta(milliseconds=1)
    assert (missing.reason, missing.members) == ("paging_stuck", ("alice",))
    assert "gaps" not in (services.stores.db["X_streams"].find_one() or {})
