"""The numbers of the limiter's hashes by name, as read for people and metrics. Pure.

Invariant: reading decides nothing; places and formats are `layout`'s.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from shared.ratelimit.keys import BREAKER_PREFIX
from shared.ratelimit.layout import (
    BREAKER_NUMBERS,
    BUDGET_NUMBERS,
    BUDGET_PLACES,
    CLASS_COUNT,
    WINDOW_NUMBERS,
    WINDOW_PLACES,
)
from shared.ratelimit.windows import free


@dataclass(frozen=True, slots=True)
class Period:
    """One period of X: 15 minutes or 24 hours."""

    limit: int
    lowest: int
    ends_at_ms: float
    settled: int
    is_shared: bool
    used_by_class: tuple[float, ...]

    @property
    def free(self) -> int:
        """Calls that may still be granted."""
        used = int(sum(self.used_by_class))
        return max(0, free(self.limit, used, self.lowest, self.settled, is_shared=self.is_shared))


@dataclass(frozen=True, slots=True)
class WindowNumbers:
    """The numbers of a window hash, by name."""

    quarter_hour: Period
    day: Period
    interval_until_ms: float
    blocked_until_ms: float

    @classmethod
    def unpack(cls, state: bytes) -> WindowNumbers:
        """Read a `state` field."""
        numbers = struct.unpack(f"<{WINDOW_NUMBERS}d", state)
        ends = (numbers[WINDOW_PLACES[name] - 1] for name in ("INTERVAL_UNTIL", "BLOCKED_UNTIL"))
        return cls(_period(numbers, "LIMIT"), _period(numbers, "DAY_LIMIT"), *ends)


@dataclass(frozen=True, slots=True)
class BudgetNumbers:
    """The numbers of a budget hash, by name; money in micro-dollars."""

    day_ends_ms: float
    month_ends_ms: float
    by_class: Mapping[str, tuple[float, ...]]
    blocked_until_ms: float

    @classmethod
    def unpack(cls, state: bytes | None) -> BudgetNumbers:
        """Read a `state` field; nothing spent where there is none."""
        numbers = struct.unpack(f"<{BUDGET_NUMBERS}d", state or bytes(8 * BUDGET_NUMBERS))
        names = ("DAY_MONEY", "MONTH_MONEY", "MONTH_REQUESTS", "MONTH_POSTS")
        by_class = {name: numbers[BUDGET_PLACES[name] : BUDGET_PLACES[name] + CLASS_COUNT] for name in names}
        return cls(
            day_ends_ms=numbers[BUDGET_PLACES["DAY_ENDS"] - 1],
            month_ends_ms=numbers[BUDGET_PLACES["MONTH_ENDS"] - 1],
            by_class=by_class,
            blocked_until_ms=numbers[BUDGET_PLACES["BUDGET_BLOCKED_UNTIL"] - 1],
        )


@dataclass(frozen=True, slots=True)
class BreakerNumbers:
    """A breaker that is open, or half open: its end is past, and one call looks or may."""

    endpoint: str
    faults: int
    open_until_ms: float


def open_breakers(project: Mapping[bytes, bytes]) -> tuple[BreakerNumbers, ...]:
    """Those of the project's hash, by endpoint."""
    prefix = BREAKER_PREFIX.encode()
    found = []
    for name in sorted(field for field in project if field.startswith(prefix)):
        faults, opened, open_until_ms, _ = struct.unpack_from(f"<{BREAKER_NUMBERS}d", project[name])
        if opened:
            found.append(BreakerNumbers(name.removeprefix(prefix).decode(), int(faults), open_until_ms))
    return tuple(found)


def lease_ends_ms(lease: bytes) -> float:
    """When a lease field ends, by Redis."""
    ends: float = struct.unpack_from("<d", lease)[0]
    return ends


def _period(numbers: tuple[float, ...], first: str) -> Period:
    start = WINDOW_PLACES[first] - 1
    limit, lowest, ends_at, _, settled, shared, *by_class = numbers[start : start + 6 + CLASS_COUNT]
    return Period(int(limit), int(lowest), ends_at, int(settled), shared == 1, tuple(by_class))
