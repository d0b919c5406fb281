"""What a process changes at its start in what an earlier version wrote."""

from __future__ import annotations

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
        upgrading.take_over(services.stores)
        services.following.keep_in_step(before=services.clock.now(), now=services.clock.now())

    assert services.stores.streams.active() == [before]
    assert services.stores.schedules.all() == schedules
    (tracked,) = services.stores.sources.all()
    assert (tracked.id, sorted(tracked.accounts)) == ("tracked", ["esa", "nasa"])
