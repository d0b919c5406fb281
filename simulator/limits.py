"""Owns the rate windows: how many calls a token may make to an endpoint, and what the headers say.

It must not know what a call does. Invariant: a window opens at its first call and ends at the whole
second that `x-rate-limit-reset` names; within it no more than `limit` calls are let through.

Memory: one small record for each (token, endpoint) pair seen.
"""

from dataclasses import dataclass

from simulator.calls import Credential

# Calls in 15 minutes: (app-only token, user token), as X documents them for the pay-per-use plan.
LIMITS: dict[str, tuple[int, int]] = {
    "tweets": (3500, 5000),
    "search/recent": (450, 300),
    "quote_tweets": (75, 75),
    "retweeted_by": (75, 75),
    "liking_users": (75, 75),
    "users/tweets": (10_000, 900),
    "users/mentions": (450, 300),
    "users": (300, 900),
    "users/by": (300, 900),
    "counts/recent": (300, 300),
    "usage/tweets": (50, 50),
    "media": (300, 900),
}


@dataclass
class Window:
    """The open window of one token at one endpoint; `reset_seconds` since the Unix epoch."""

    limit: int
    remaining: int
    reset_seconds: int

    @property
    def headers(self) -> dict[str, str]:
        """The three headers that X puts on every answer."""
        return {
            "x-rate-limit-limit": str(self.limit),
            "x-rate-limit-remaining": str(self.remaining),
            "x-rate-limit-reset": str(self.reset_seconds),
        }


class RateLimits:
    """All windows of one simulator."""

    def __init__(self, window_seconds: float, overrides: dict[str, int]) -> None:
        """Raise `ValueError` when an override names no endpoint or is not at least 1."""
        for endpoint, limit in overrides.items():
            if endpoint not in LIMITS:
                raise ValueError(f"no endpoint {endpoint!r} to limit; there are {', '.join(LIMITS)}")
            if limit < 1:
                raise ValueError(f"the limit of {endpoint} must be at least 1: {limit}")
        self._window_ms = round(window_seconds * 1000)
        self._overrides = overrides
        self._windows: dict[tuple[str, str], Window] = {}

    def limit_of(self, endpoint: str, kind: str) -> int:
        """Return how many calls one window of an endpoint holds for a kind of token."""
        return self._overrides.get(endpoint, LIMITS[endpoint][kind == "user"])

    def take(self, credential: Credential, endpoint: str, now_ms: int) -> tuple[bool, Window]:
        """Spend one call; return whether it was there to spend, and the window after it."""
        window = self._open_window(credential, endpoint, now_ms)
        if window.remaining < 1:
            return False, window
        window.remaining -= 1
        return True, window

    def _open_window(self, credential: Credential, endpoint: str, now_ms: int) -> Window:
        key = (credential.token, endpoint)
        window = self._windows.get(key)
        if window is None or now_ms >= window.reset_seconds * 1000:
            limit = self.limit_of(endpoint, credential.kind)
            reset_seconds = -(-(now_ms + self._window_ms) // 1000)
            window = self._windows[key] = Window(limit, limit, reset_seconds)
        return window
