"""A limiter on real Redis whose time moves only when a test says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import redis

from shared.ratelimit.limiter import Limiter
from shared.runtime.clock import ManualClock

START = datetime(2026, 11, 10, 12, 0, 0, 250_000, tzinfo=UTC)

MakeLimiter = Callable[..., Limiter]


@pytest.fixture
def clock() -> ManualClock:
    """Quarter past a whole second, in the middle of a day and a month."""
    return ManualClock(START)


@pytest.fixture
def make_limiter(redis_client: redis.Redis, clock: ManualClock) -> MakeLimiter:
    """Limiters of the empty test Redis, with any option."""

    def make(**options: Any) -> Limiter:
        return Limiter(redis_client, **{"clock": clock, **options})

    return make


@pytest.fixture
def limiter(make_limiter: MakeLimiter) -> Limiter:
    """A limiter with the defaults."""
    return make_limiter()
