"""Owns the rate limits: how many calls a token may make to an endpoint, and what the headers say.

It must not know what a call does. Invariant: a window opens at its first call and ends at the whole
second that `x-rate-limit-reset` names; within it no more than `limit` calls are let through. A call that
one rule refuses spends nothing of the others.

| rule | length | headers |
|---|---|---|
| window | `window_seconds` | `x-rate-limit-*` |
| 24-hour cap, where set | a day from its first call | `x-app-limit-24hour-*`, a user's: `x-user-limit-24hour-*` |
| per second, where set | any 1,000 ms | none: the window still shows calls left |

Memory: for each (token, endpoint) pair seen, one record a window, the newest `KEPT_WINDOWS` of them.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from simulator.calls import Credential

# Calls in 15 minutes: (app-only token, user token), as X documents them for the pay-per-use plan.
LIMITS: dict[str, tuple[int, int]] = {
    "tweets": (3500, 5000),
    "search/recent": (450, 300),
    "search/all": (300, 300),
    "quote_tweets": (75, 75),
    "retweeted_by": (75, 75),
    "retweets": (75, 75),
    "liking_users": (75, 75),
    "users/tweets": (10_000, 900),
    "users/mentions": (450, 300),
    "users": (300, 900),
    "users/by": (300, 900),
    "users/me": (75, 75),
    "counts/recent": (300, 300),
    "counts/all": (300, 300),
    "usage/tweets": (50, 50),
    "media": (300, 900),
    "compliance/jobs": (150, 150),
    "compliance/job": (150, 150),
    "activity/stream": (450, 450),
    "activity/subscriptions": (500, 500),
    "search/stream": (50, 50),
    "search/stream/rules": (450, 450),
    "connections": (450, 450),
}
# Calls in a second, where X documents such a rule.
PER_SECOND: dict[str, int] = {"search/all": 1}
KEPT_WINDOWS = 500

Rule = Literal["window", "day", "second"]


@dataclass
class Window:
    """One window of one token at one endpoint; `strangers` are calls spent by others with the same token."""

    limit: int
    remaining: int
    opened_ms: int
    reset_seconds: int
    granted: int = 0
    strangers: int = 0
    refused: int = 0
    refused_by_second: int = 0
    refused_by_day: int = 0

    def spend(self, calls: int = 1, *, stranger: bool = False) -> int:
        """Spend up to so many calls; return how many there were."""
        spent = min(calls, self.remaining)
        self.remaining -= spent
        if stranger:
            self.strangers += spent
        else:
            self.granted += spent
        return spent

    def cut(self, limit: int) -> None:
        """Give this window another limit; what was spent stays spent."""
        self.limit = limit
        self.remaining = max(0, limit - self.granted - self.strangers)

    def headers(self, prefix: str = "x-rate-limit") -> dict[str, str]:
        """Return the three headers that X puts on every answer."""
        return {
            f"{prefix}-limit": str(self.limit),
            f"{prefix}-remaining": str(self.remaining),
            f"{prefix}-reset": str(self.reset_seconds),
        }


@dataclass
class Track:
    """Everything that is counted for one token at one endpoint."""

    credential: Credential
    endpoint: str
    window: Window
    day: Window | None = None
    recent_ms: deque[int] = field(default_factory=deque)
    past: deque[Window] = field(default_factory=lambda: deque(maxlen=KEPT_WINDOWS))


@dataclass(frozen=True)
class Taken:
    """What became of one call: let through, or refused by a rule; the window after it, and the headers."""

    refused_by: Rule | None
    window: Window
    headers: Mapping[str, str]


class RateLimits:
    """All limits of one simulator; lengths in seconds."""

    def __init__(
        self,
        window_seconds: float,
        limits: Mapping[str, int],
        *,
        per_second: Mapping[str, int] | None = None,
        day_limits: Mapping[str, int] | None = None,
        day_seconds: float = 86_400.0,
    ) -> None:
        """Count by the documented limits, and by those given instead of them (each as `check_limit` wants it)."""
        self._window_ms, self._day_ms = round(window_seconds * 1000), round(day_seconds * 1000)
        self._limits: dict[tuple[str, str | None], int] = {(name, None): limit for name, limit in limits.items()}
        self._per_second, self._day_limits = {**PER_SECOND, **(per_second or {})}, dict(day_limits or {})
        self._tracks: dict[tuple[str, str], Track] = {}

    def limit_of(self, endpoint: str, credential: Credential) -> int:
        """Return how many calls one window of an endpoint holds for a token."""
        for key in ((endpoint, credential.key), (endpoint, None)):
            if key in self._limits:
                return self._limits[key]
        return LIMITS[endpoint][credential.kind == "user"]

    def take(self, credential: Credential, endpoint: str, now_ms: int) -> Taken:
        """Spend one call of every rule, or none when one of them refuses."""
        track = self._track(credential, endpoint, now_ms)
        window, day = track.window, track.day
        refused_by: Rule | None = None
        if day is not None and day.remaining < 1:
            refused_by = "day"
            window.refused_by_day += 1
        elif window.remaining < 1:
            refused_by = "window"
            window.refused += 1
        elif self._too_quick(track, now_ms):
            refused_by = "second"
            window.refused_by_second += 1
        else:
            window.spend()
            if day is not None:
                day.spend()
        headers = window.headers()
        if day is not None:
            headers |= day.headers(f"x-{credential.kind}-limit-24hour")
        return Taken(refused_by, window, headers)

    def spend(self, credential: Credential, endpoint: str, calls: int, now_ms: int) -> tuple[int, Window]:
        """Let a stranger spend calls with the same token; return how many there were, and the window after it."""
        check_limit(endpoint, calls)
        track = self._track(credential, endpoint, now_ms)
        spent = track.window.spend(calls, stranger=True)
        if track.day is not None:
            track.day.spend(spent, stranger=True)
        return spent, track.window

    def cut(self, endpoint: str, limit: int, credential: Credential | None, now_ms: int, *, lasting: bool) -> None:
        """Change a limit in the middle of the open windows, of one token or of all; `lasting` also for later ones."""
        check_limit(endpoint, limit)
        key = None if credential is None else credential.key
        for track in self._tracks.values():
            mine = track.endpoint == endpoint and key in {None, track.credential.key}
            if mine and now_ms < track.window.reset_seconds * 1000:
                track.window.cut(limit)
        if lasting:
            self._limits[endpoint, key] = limit

    def tracks(self) -> Iterator[Track]:
        """Yield what is counted, a token and an endpoint at a time."""
        yield from self._tracks.values()

    def _track(self, credential: Credential, endpoint: str, now_ms: int) -> Track:
        key = (credential.key, endpoint)
        track = self._tracks.get(key)
        if track is None:
            window = self._opened(self.limit_of(endpoint, credential), self._window_ms, now_ms)
            track = self._tracks[key] = Track(credential, endpoint, window)
        elif now_ms >= track.window.reset_seconds * 1000:
            track.past.append(track.window)
            track.window = self._opened(self.limit_of(endpoint, credential), self._window_ms, now_ms)
        if endpoint in self._day_limits and (track.day is None or now_ms >= track.day.reset_seconds * 1000):
            track.day = self._opened(self._day_limits[endpoint], self._day_ms, now_ms)
        return track

    def _too_quick(self, track: Track, now_ms: int) -> bool:
        most = self._per_second.get(track.endpoint)
        if most is None:
            return False
        while track.recent_ms and track.recent_ms[0] <= now_ms - 1000:
            track.recent_ms.popleft()
        if len(track.recent_ms) >= most:
            return True
        track.recent_ms.append(now_ms)
        return False

    @staticmethod
    def _opened(limit: int, length_ms: int, now_ms: int) -> Window:
        return Window(limit, limit, now_ms, -(-(now_ms + length_ms) // 1000))


def check_limit(endpoint: str, limit: int) -> None:
    """Raise `ValueError` for an endpoint that is not there, or a limit below 1."""
    if endpoint not in LIMITS:
        raise ValueError(f"no endpoint {endpoint!r} to limit; there are {', '.join(LIMITS)}")
    if limit < 1:
        raise ValueError(f"the limit of {endpoint} must be at least 1: {limit}")
