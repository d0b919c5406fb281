"""What X lets be asked now: the windows of its rate limits, and what its refusals block. Prints nothing."""

from __future__ import annotations

from typing import Any

from control.blocks import blocked
from shared.ratelimit.model import WindowState
from shared.services.bootstrap import Services
from shared.stores.database import ServerClock


def shown(services: Services) -> dict[str, Any]:
    """at, windows (one a credential and endpoint), blocked. Raises LimiterUnavailable, StoreUnavailable."""
    now, state = ServerClock(services.stores.db).now(), services.limiter.state()
    return {
        "at": now,
        "windows": [
            {**window(one), "day_limit": one.day_limit, "day_remaining": one.day_remaining} for one in state.windows
        ],
        "blocked": blocked(state, now),
    }


def window(state: WindowState) -> dict[str, Any]:
    """One window as plain values; None for what is not known."""
    return {
        "endpoint": state.endpoint,
        "credential": state.credential_id,
        "limit": state.limit,
        "remaining": state.remaining,
        "in_flight": state.in_flight,
        "reset_in_seconds": state.reset_in_seconds,
        "blocked": state.blocked,
    }
