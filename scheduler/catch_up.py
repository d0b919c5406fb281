"""What to claim of what is due: after an outage the late streams are spread, everything else goes on as planned.

Pure but for what it remembers between two rounds. Must not decide whether something runs: each late stream is let
through once, and those that wait stay due. Invariant: what is on time never waits behind what is late.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.services.following import SEARCH
from shared.stores.schedules import Schedule

# A thousand streams at once would fill the queue and spend the window of X in one burst.
SPREAD = timedelta(minutes=5)
# A few streams are caught up with at once, for all practical purposes.
LEAST_RATE = 2.0  # streams a second
# A restart is no outage.
SHORTEST_OUTAGE = timedelta(minutes=1)


class CatchUp:
    """Lets late streams through at a rate that is set by how many there were at first."""

    def __init__(self) -> None:
        self._rate = 0.0
        self._allowance = 0.0
        self._last_at: datetime | None = None

    def choose(self, due: Sequence[Schedule], now: datetime) -> list[Schedule]:
        """Those of the schedules (the most overdue first) that are to be claimed now, in the same order."""
        late = [schedule for schedule in due if _is_late(schedule, now)]
        self._rate = max(self._rate, LEAST_RATE, len(late) / SPREAD.total_seconds()) if late else 0.0
        self._allowance = min(len(late), self._allowance + self._rate * self._seconds_since_last(now))
        let_through = {schedule.id for schedule in late[: int(self._allowance)]}
        self._allowance -= len(let_through)
        waiting = {schedule.id for schedule in late} - let_through
        return [schedule for schedule in due if schedule.id not in waiting]

    def _seconds_since_last(self, now: datetime) -> float:
        """Since the last round, but at most a minute: a round after a long silence is the first one."""
        elapsed = timedelta(0) if self._last_at is None else now - self._last_at
        self._last_at = now
        return elapsed.total_seconds() if timedelta(0) < elapsed < SHORTEST_OUTAGE else 0.0


def _is_late(schedule: Schedule, now: datetime) -> bool:
    """Whether a stream missed at least one whole turn, and by more than a restart takes."""
    return schedule.kind == SEARCH and now - schedule.next_due_at > max(schedule.interval, SHORTEST_OUTAGE)
