"""How many requests a bearer may make of Covey in a minute: one policy, counted in Redis for all control processes.

It keeps one program from crowding out the others; X's limits are another matter. Without Redis nothing is counted and
everybody may go on: what is stored can still be read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import redis

from control.http.problems import Kind, Problem
from shared.runtime.clock import Clock, epoch_seconds
from shared.runtime.log import get_logger

log = get_logger(__name__)

WINDOW_SECONDS: Final = 60
POLICY: Final = "default"
PREFIX: Final = "covey:requests"


@dataclass(frozen=True, slots=True)
class Standing:
    """limit: requests a window. left: of this one. reset_seconds: until the next one."""

    limit: int
    left: int
    reset_seconds: int

    @property
    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers (10) has them."""
        return {
            "RateLimit-Policy": f'"{POLICY}";q={self.limit};w={WINDOW_SECONDS}',
            "RateLimit": f'"{POLICY}";r={max(0, self.left)};t={self.reset_seconds}',
        }

    def problem(self) -> Problem:
        """What is answered where none is left."""
        return Problem(
            Kind.TOO_MANY,
            f"{self.limit} requests a minute are used up; more in {self.reset_seconds} s",
            headers={**self.headers, "Retry-After": str(self.reset_seconds)},
            retry_after=self.reset_seconds,
            **{"violated-policies": [POLICY]},
        )


class OwnLimit:
    """Counts. limit: requests a minute of one bearer."""

    def __init__(self, client: redis.Redis, clock: Clock, *, limit: int) -> None:
        self._redis = client
        self._clock = clock
        self._limit = limit

    def take(self, bearer: str) -> Standing | None:
        """Count a request; None where Redis does not answer."""
        now = epoch_seconds(self._clock.now())
        number = int(now // WINDOW_SECONDS)
        key = f"{PREFIX}:{bearer}:{number}"
        try:
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.incr(key)
            pipeline.expire(key, 2 * WINDOW_SECONDS)
            used = int(pipeline.execute()[0])
        except redis.RedisError as error:
            log.warning("requests are not counted: Redis does not answer", reason=type(error).__name__)
            return None
        reset = math.ceil((number + 1) * WINDOW_SECONDS - now)
        return Standing(self._limit, self._limit - used, max(1, reset))
