"""What `covey track` says beside what it does."""

from __future__ import annotations

from shared.domain.flock import ProcessKind
from shared.services.bootstrap import Services
from shared.services.presence import Presence
from tests.control.whole import Covey, covey

__all__ = ["covey"]


def test_track_says_that_nobody_plans(covey: Covey, services: Services) -> None:
    """One line on standard error while no scheduler is there; none as soon as one is."""
    alone = covey("track", "alice", "--json")
    scheduler = Presence(services, ProcessKind.SCHEDULER)
    scheduler.begin()
    planned = covey("track", "bob", "--json")
    scheduler.end()

    (line,) = (line for line in alone.stderr.splitlines() if "scheduler" in line)
    assert line == "No scheduler runs: nothing is read until one does. Start all with covey up, or run covey once."
    assert alone.stdout.startswith("{")
    assert "scheduler" not in planned.stderr
