"""No limiter: a 429 is tried again after Dramatiq's own backoff, with its default of 15 s scaled as the window is.

This is kinder than a queue: there a thread whose job has failed takes the next one at once, and meets the next 429.
"""

from __future__ import annotations

from collections.abc import Callable

from dramatiq.common import compute_backoff
from dramatiq.middleware.retries import DEFAULT_MIN_BACKOFF

from bench.quota_clients import TOO_MANY, Load
from bench.quota_clients.plain import search

X_WINDOW_SECONDS = 900


def caller(load: Load) -> Callable[[], float]:
    """Calls, and backs off."""
    send, failures = search(load), 0
    factor = round(DEFAULT_MIN_BACKOFF * load.window_seconds / X_WINDOW_SECONDS)

    def call() -> float:
        nonlocal failures
        if send() != TOO_MANY:
            failures = 0
            return 0.0
        failures, backoff_ms = compute_backoff(failures, factor=factor)
        return backoff_ms / 1000

    return call
