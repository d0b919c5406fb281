"""A dead letter as it lies in Redis, the outbox from which the scheduler stores it in MongoDB."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from shared.runtime.clock import from_epoch_seconds


@dataclass(frozen=True, slots=True)
class DeadMessage:
    """A message that will not be run again by itself. (redis_id, died_us) names this death of it."""

    redis_id: str
    queue: str
    payload: bytes
    reason: str
    died_us: int

    @classmethod
    def of(cls, queue: str, redis_id: str, died_us: int, payload: bytes, reason: str) -> Self:
        """From a row of the `dead` script."""
        return cls(redis_id=redis_id, queue=queue, payload=payload, reason=reason, died_us=died_us)

    @property
    def died_at(self) -> datetime:
        """When it died, by the clock of Redis; aware, UTC."""
        return from_epoch_seconds(self.died_us / 1e6)
