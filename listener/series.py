"""Begins the labelled counters of a listener at 0.

A series that only begins with its first event is not there before it, and its first rise is seen by no alert.
"""

from __future__ import annotations

from collections.abc import Iterable

from shared.domain.live.events import KINDS
from shared.domain.live.reconnecting import Break
from shared.runtime import metrics

NO_MONEY = "money"  # a break that is none of X's: the paid part is left


def begin(routes: Iterable[str], *, pushed: str) -> None:
    """Give the routes, and what webhooks bring, their series."""
    named = tuple(routes)
    for route in (*named, pushed):
        for kind in KINDS:
            metrics.LIVE_EVENTS.labels(route, kind)
    for route in named:
        for how in (*Break, NO_MONEY):
            metrics.LIVE_BREAKS.labels(route, str(how))
