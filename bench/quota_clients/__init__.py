"""Clients of X that keep to its limits in different ways, for `bench.quota`: one module a client.

Each has `caller(load) -> Callable[[], float]`, asked for once by every thread: it makes one call, or tries to, and
answers the seconds to wait before the next. All search for the same thing, with the same HTTP library underneath.
"""

from __future__ import annotations

from dataclasses import dataclass

# Finds nothing, so that the simulator answers fast.
QUERY = "from:nobody_at_all"
PAGE = 10
TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Load:
    """What a client is told: where X and Redis are, its token, and X's limit, which an operator reads in X's table."""

    x_url: str
    redis_url: str
    token: str
    window_seconds: int
    limit: int
