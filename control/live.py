"""When nobody heard X's live events: the breaks of each route. Reads only. What was missed live the search has read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shared.domain.live.spans import ROUTES, silences
from shared.services.bootstrap import Services

# Connections of a route that are looked at, the newest first: two weeks of one that breaks every five minutes.
NEWEST = 4_000


def breaks(services: Services, *, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """The breaks that touch a window, by route and time; `to_at` is None while one lasts.

    A route that was never heard has none. Raises StoreUnavailable.
    """
    return [
        {
            "route": route,
            "from_at": one.from_at,
            "to_at": one.to_at,
            "seconds": ((one.to_at or until) - one.from_at).total_seconds(),
            "why": one.why,
        }
        for route in ROUTES
        for one in silences(services.stores.live.recent(route, limit=NEWEST))
        if one.from_at < until and (one.to_at is None or one.to_at > since)
    ]
