"""Dramatiq's Window rate limiter: one key for all processes, X's own limit and length, asked again ten times a second.

In a job RateLimitExceeded would lead to a retry after 15 s or more; waiting a tenth of a second instead leaves less of
the window unused. A 429 is waited out like a refusal.
"""

from __future__ import annotations

from collections.abc import Callable

from dramatiq.rate_limits import WindowRateLimiter
from dramatiq.rate_limits.backends import RedisBackend

from bench.quota_clients import TOO_MANY, Load
from bench.quota_clients.plain import search

AGAIN_SECONDS = 0.1


def caller(load: Load) -> Callable[[], float]:
    """Calls when the window lets it."""
    return windowed(load, load.window_seconds)


def windowed(load: Load, seconds: int) -> Callable[[], float]:
    """The same for a window of any length."""
    send = search(load)
    backend = RedisBackend(url=load.redis_url)
    window = WindowRateLimiter(backend, load.token, limit=load.limit, window=seconds)  # type: ignore[no-untyped-call]

    def call() -> float:
        with window.acquire(raise_on_failure=False) as is_acquired:
            return 0.0 if is_acquired and send() != TOO_MANY else AGAIN_SECONDS

    return call
