"""What is in the way of a person's refresh: a pause, no worker, a block of X, a budget that is spent. Reads only.

seen --stands for `believed_after`--> believed: the waiting ends with it
  | gone at a later look
  v
(forgotten)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from control.blocks import blocked
from shared.domain.flock import serving
from shared.domain.jobs import Queue
from shared.domain.models import WorkClass
from shared.platforms.x.dialect import SharedDialectMemory, spoken
from shared.platforms.x.endpoints import TWEETS
from shared.ratelimit.model import LimiterState
from shared.services.bootstrap import Services, started_budgets
from shared.spending.levels import project_budgets, stopped_by
from shared.stores.database import ServerClock

A_MOMENT: Final = timedelta(seconds=0.8)  # a call under way holds money back for less
A_RESTART: Final = timedelta(seconds=5)  # between the end of a worker and the first sign of the next one


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why X is not asked. until: None where a person must act. believed_after: it may pass by itself before that."""

    what: str
    reason: str
    until: datetime | None
    believed_after: timedelta = A_MOMENT

    def outlasts(self, moment: datetime) -> bool:
        """Whether it stands at that moment, if nobody does anything."""
        return self.until is None or self.until > moment


class Patience:
    """Tells which obstacles have stood long enough, look by look."""

    def __init__(self) -> None:
        self._since_seconds: dict[str, float] = {}

    def believed(self, found: Sequence[Obstacle], *, now_seconds: float) -> list[Obstacle]:
        """Those of a look that every look since their `believed_after` saw. now_seconds: of any clock that goes on."""
        self._since_seconds = {one.what: self._since_seconds.get(one.what, now_seconds) for one in found}
        stood = {what: now_seconds - since for what, since in self._since_seconds.items()}
        return [one for one in found if stood[one.what] >= one.believed_after.total_seconds()]


def obstacles(services: Services, *, is_unpaid: bool) -> list[Obstacle]:
    """What keeps a refresh from being read now. is_unpaid: whether it wants posts that cost money."""
    now, state = ServerClock(services.stores.db).now(), services.limiter.state()
    found = [*_paused(services), *_nobody(services, now), *_blocks(state, now)]
    return found + _budgets(services, state, now) if is_unpaid else found


def _paused(services: Services) -> list[Obstacle]:
    if Queue.INTERACTIVE not in services.pausing.paused():
        return []
    return [Obstacle("The queue interactive is paused", f"covey resume {Queue.INTERACTIVE}", None)]


def _nobody(services: Services, now: datetime) -> list[Obstacle]:
    """That no worker serves the queue, as far as their signs of life tell."""
    if serving(services.stores.processes.all(), now).get(Queue.INTERACTIVE):
        return []
    what = f"No worker serves the queue {Queue.INTERACTIVE}"
    return [Obstacle(what, "covey up or covey worker starts one; the request stays", None, A_RESTART)]


def _blocks(state: LimiterState, now: datetime) -> list[Obstacle]:
    """Blocks of X that leave no credential for looking posts up; the one that ends first where each has its own."""
    rows = [row for row in blocked(state, now) if row["endpoint"] in (None, TWEETS.key) and row["scope"] != "interval"]
    of_all = [_obstacle(row) for row in rows if row["credential"] is None]
    by_credential: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row["credential"] is not None:
            by_credential.setdefault(row["credential"], []).append(row)
    everyone = {window.credential_id for window in state.windows} | by_credential.keys()
    if not everyone or by_credential.keys() < everyone:
        return of_all
    return of_all + [_obstacle(rows[0]) for rows in by_credential.values()]


def _obstacle(row: Mapping[str, Any]) -> Obstacle:
    reach = " ".join(filter(None, (row["credential"], row["endpoint"]))) or "every paid call"
    return Obstacle(f"X blocks {reach}", row["reason"], row["until"])


def _budgets(services: Services, state: LimiterState, now: datetime) -> list[Obstacle]:
    """Budgets that have nothing left for one post."""
    budgets = project_budgets(state)
    shares = services.budget_choices.load().over(started_budgets(services.settings)).shares
    dialect = spoken(services.settings.x_dialect, SharedDialectMemory(services.stores.state))
    names = stopped_by(WorkClass.INTERACTIVE, budgets, shares, services.ledger.prices, services.ledger.now(), dialect)
    return [
        Obstacle(
            f"the budget {name} is spent",
            f"{budgets[name].used:,.3f} of {budgets[name].limit:,.3f}",
            now + timedelta(seconds=budgets[name].reset_in_seconds),
        )
        for name in names
    ]
