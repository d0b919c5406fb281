"""The share of every window that each class of work can count on. Pure; its numbers are compiled into acquire.lua.

A floor is held against less urgent classes only, and only as far as its class has not spent it. In the last quarter of
the window all are given up but that of people, which shrinks with the time that is left. Invariant: the floors leave
something for the least urgent class.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from shared.domain.models import WorkClass

CLASSES: Final = tuple(WorkClass)  # most urgent first; Lua knows them as 1 to 5

# Percent of a window's limit. People wait for interactive work, but it is rare; a search that comes late loses posts,
# because X searches seven days only; quotes and engagement can be caught up with.
FLOOR_PERCENT: Final = {
    WorkClass.INTERACTIVE: 10,
    WorkClass.SEARCH: 30,
    WorkClass.QUOTES: 10,
    WorkClass.ENGAGEMENT: 10,
    WorkClass.BACKFILL: 0,
}

RELEASE_LEFT: Final = 0.25  # floors are given up from where this part of the window is left
KEPT_FOR_PEOPLE: Final = 0.01  # of a limit stays to the end while their floor is unspent: they come in handfuls
PACED_FROM: Final = 0.8  # past this part of the limit, background work keeps to the pace of time ...
PACED_UNTIL: Final = 0.95  # ... so that the limit is reached when this part of the window has gone by
BACKGROUND_STOPS: Final = 0.95  # of a budget is left to people and to searches: what these do not find is lost
ONE_OFF: Final = (WorkClass.INTERACTIVE, WorkClass.BACKFILL)  # ends by itself; all else goes on day by day
BACKGROUND: Final = (WorkClass.QUOTES, WorkClass.ENGAGEMENT, WorkClass.BACKFILL)


def floor(limit: float, work_class: WorkClass) -> int:
    """How much of `limit` is kept for the class; rounded up, so that a small window keeps a call for people."""
    return math.ceil(limit * FLOOR_PERCENT[work_class] / 100)


def held(limit: float, used_by_class: Sequence[float], work_class: WorkClass) -> float:
    """What more urgent classes have not spent of their floors. used_by_class: in the order of `CLASSES`."""
    more_urgent = CLASSES[: CLASSES.index(work_class)]
    return sum(max(0.0, floor(limit, other) - used) for other, used in zip(more_urgent, used_by_class, strict=False))


def of_people(limit: float, used_by_class: Sequence[float]) -> float:
    """What people have not spent of their floor."""
    return held(limit, used_by_class, CLASSES[1])


def kept_to_the_end(limit: float, of_people: float) -> float:
    """The part of that which nobody else gets, however little time is left."""
    return min(of_people, limit * KEPT_FOR_PEOPLE)
