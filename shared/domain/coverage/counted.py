"""What X itself counted of a query: how many posts in each step of time. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from shared.domain.models import RateHeaders


class Step(StrEnum):
    """How long the steps are."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class CountedStep:
    """`count` posts from `from_at` (inclusive) to `to_at` (exclusive); the first and the last may be part of a step."""

    from_at: datetime
    to_at: datetime
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One answer: steps in the order of time. next_token: of older steps, None where these are all."""

    steps: tuple[CountedStep, ...] = ()
    next_token: str | None = None
    rate: RateHeaders = field(default_factory=RateHeaders)

    @property
    def total(self) -> int:
        """Posts in all the steps."""
        return sum(step.count for step in self.steps)
