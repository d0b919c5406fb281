"""Where the limiter keeps what in Redis: names of keys, and the order of the numbers inside a `state` field.

A hash for the project and one for each credential hold budgets; a hash for each credential and endpoint holds its
windows; a set lists these. The numbers of a hash are one string of doubles in its field `state`, which Lua reads and
writes in 1.5 µs; as 24 fields they took 25 µs. Beside it stand `blocked_by` and `blocked_reason`, a field
`#<grant id>` for every call in flight, and in the project's hash `chosen`, the budgets that a person set, and
`faults:<endpoint>` for each endpoint whose last answer was a fault of X: four doubles and the id of who looks again.
Invariant: the scripts and `snapshot` know the order from here only.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.domain.models import WorkClass
from shared.domain.money.budgets import CHOOSABLE, ChosenBudgets, Totals, TotalsByClass
from shared.domain.money.prices import MICRO
from shared.ratelimit.windows import free
from shared.redis.scripts import Constant

DAY_MS: Final = 86_400_000
CLASS_COUNT: Final = 5

# Places count from 1, as in Lua. A name before five classes is the place before the first class.
_WINDOW_PLACES: Final = {
    "LIMIT": 1,  # calls in 15 minutes; 0 = never heard of
    "LOWEST": 2,  # the least X has said is left
    "ENDS_AT": 3,  # ms, by Redis
    "RESET": 4,  # s, by X: the name of the window
    "SETTLED": 5,  # of the calls granted in it, those X has surely counted by the time of LOWEST
    "SHARED": 6,  # 1 = X counted more than was granted: somebody else spends this token
    "USED": 6,  # granted in it, or in flight when it opened, by class
    "DAY_LIMIT": 12,  # the same for 24 hours; all 0 = X names no such cap
    "DAY_ENDS_AT": 14,
    "DAY_RESET": 15,
    "DAY_SETTLED": 16,
    "DAY_SHARED": 17,
    "DAY_USED": 17,
    "PROBE_UNTIL": 23,  # ms; 0 = nobody is finding the limits out
    "LAST_AT": 24,  # ms of the last grant
    "INTERVAL_UNTIL": 25,  # ms; until then calls keep apart, learned from a 429
    "BLOCKED_UNTIL": 26,  # ms
}
WINDOW_NUMBERS: Final = 26
_BUDGET_PLACES: Final = {
    "DAY_ENDS": 1,  # ms; UTC
    "MONTH_STARTS": 2,
    "MONTH_ENDS": 3,
    "SEEDED": 4,  # 1 = filled from the ledger; what was spent stands behind it
    "DAY_MONEY": 4,  # micro-dollars by class
    "MONTH_MONEY": 9,
    "MONTH_REQUESTS": 14,
    "MONTH_POSTS": 19,
    "BUDGET_BLOCKED_UNTIL": 25,  # ms
}
BUDGET_NUMBERS: Final = 25
SPENT_NUMBERS: Final = 4 * CLASS_COUNT  # those of them that are spending
LEASE_NUMBERS: Final = 6  # its end, class, when granted, RESET and DAY_RESET then, PROBE_UNTIL if a probe

BREAKER_NUMBERS: Final = 4  # faults in a row, how often it opened, its end, end of the lease of the call that looks
CHOSEN_NUMBERS: Final = 3 + CLASS_COUNT  # money of the day and of the month, posts of the month, shares by class
_CHOSEN_UNITS: Final = dict(zip(CHOOSABLE, (MICRO, MICRO, 1), strict=True))
AS_STARTED: Final = -2  # not chosen by a person
NO_LIMIT: Final = -1

_BREAKER_PREFIX: Final = "faults:"

CONSTANTS: Final[Mapping[str, Constant]] = {
    **_WINDOW_PLACES,
    **_BUDGET_PLACES,
    "DAY_MS": DAY_MS,
    "LONGEST_BLOCK_MS": 31 * DAY_MS,
    "WINDOW_NUMBERS": WINDOW_NUMBERS,
    "WINDOW_FORMAT": "<" + "d" * WINDOW_NUMBERS,
    "BUDGET_NUMBERS": BUDGET_NUMBERS,
    "BUDGET_FORMAT": "<" + "d" * BUDGET_NUMBERS,
    "SPENT_NUMBERS": SPENT_NUMBERS,
    "SPENT_FORMAT": "<" + "d" * SPENT_NUMBERS,
    "LEASE_FORMAT": "<" + "d" * LEASE_NUMBERS,
    "BREAKER_NUMBERS": BREAKER_NUMBERS,
    "BREAKER_FORMAT": "<" + "d" * BREAKER_NUMBERS,
    "CHOSEN_FORMAT": "<" + "d" * CHOSEN_NUMBERS,
    "AS_STARTED": AS_STARTED,
}


@dataclass(frozen=True, slots=True)
class Keys:
    """Names of keys under one prefix."""

    prefix: str

    @property
    def project(self) -> str:
        """Budgets of the project, and the block of paid calls."""
        return f"{self.prefix}:project"

    @property
    def index(self) -> str:
        """The set of `member`s that have a window hash."""
        return f"{self.prefix}:index"

    def credential(self, credential_id: str) -> str:
        """Budgets of one credential, and its block."""
        return f"{self.prefix}:credential:{credential_id}"

    def window(self, endpoint: str, credential_id: str) -> str:
        """The windows of one credential and endpoint, its leases and its block."""
        return f"{self.prefix}:window:{endpoint}:{credential_id}"

    def member(self, endpoint: str, credential_id: str) -> str:
        """How the index names a window. An endpoint has no spaces."""
        return f"{endpoint} {credential_id}"

    def breaker_field(self, endpoint: str) -> str:
        """The field of the project's hash that counts X's faults in a row on an endpoint."""
        return f"{_BREAKER_PREFIX}{endpoint}"

    def of_acquire(self, endpoint: str, credential_ids: tuple[str, ...]) -> tuple[str, ...]:
        """The keys of acquire.lua."""
        pairs = ((self.credential(one), self.window(endpoint, one)) for one in credential_ids)
        return (self.project, *(key for pair in pairs for key in pair))

    def of_settle(self, endpoint: str, credential_id: str) -> tuple[str, ...]:
        """The keys of settle.lua."""
        return (self.project, self.credential(credential_id), self.window(endpoint, credential_id), self.index)

    def of_block(self, credential_id: str | None, endpoint: str | None) -> str:
        """The hash that holds a block."""
        if credential_id is None:
            return self.project
        return self.credential(credential_id) if endpoint is None else self.window(endpoint, credential_id)


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
        ends = (numbers[_WINDOW_PLACES[name] - 1] for name in ("INTERVAL_UNTIL", "BLOCKED_UNTIL"))
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
        by_class = {name: numbers[_BUDGET_PLACES[name] : _BUDGET_PLACES[name] + CLASS_COUNT] for name in names}
        return cls(
            day_ends_ms=numbers[_BUDGET_PLACES["DAY_ENDS"] - 1],
            month_ends_ms=numbers[_BUDGET_PLACES["MONTH_ENDS"] - 1],
            by_class=by_class,
            blocked_until_ms=numbers[_BUDGET_PLACES["BUDGET_BLOCKED_UNTIL"] - 1],
        )


@dataclass(frozen=True, slots=True)
class BreakerNumbers:
    """A breaker that is open, or half open: its end is past, and one call looks or may."""

    endpoint: str
    faults: int
    open_until_ms: float


def open_breakers(project: Mapping[bytes, bytes]) -> tuple[BreakerNumbers, ...]:
    """Those of the project's hash, by endpoint."""
    prefix = _BREAKER_PREFIX.encode()
    found = []
    for name in sorted(field for field in project if field.startswith(prefix)):
        faults, opened, open_until_ms, _ = struct.unpack_from(f"<{BREAKER_NUMBERS}d", project[name])
        if opened:
            found.append(BreakerNumbers(name.removeprefix(prefix).decode(), int(faults), open_until_ms))
    return tuple(found)


def pack_chosen(chosen: ChosenBudgets) -> bytes:
    """The field `chosen`; empty where nothing is."""
    if not chosen.limits and not chosen.shares:
        return b""
    limits = [_limit(chosen, name, unit) for name, unit in _CHOSEN_UNITS.items()]
    shares = [chosen.shares.get(work_class, AS_STARTED) for work_class in WorkClass]
    return struct.pack(f"<{CHOSEN_NUMBERS}d", *limits, *shares)


def unpack_chosen(field: bytes | None) -> ChosenBudgets:
    """Read the field `chosen`."""
    if not field:
        return ChosenBudgets()
    numbers = struct.unpack(f"<{CHOSEN_NUMBERS}d", field)
    limits = {
        name: None if number == NO_LIMIT else number / unit
        for (name, unit), number in zip(_CHOSEN_UNITS.items(), numbers, strict=False)
        if number != AS_STARTED
    }
    shares = zip(WorkClass, numbers[len(_CHOSEN_UNITS) :], strict=True)
    return ChosenBudgets(limits, {work_class: share for work_class, share in shares if share != AS_STARTED})


def pack_spent(spent: TotalsByClass) -> bytes:
    """What each class spent, in the order of a budget hash."""
    totals = [spent.get(work_class, Totals()) for work_class in WorkClass]
    columns = (
        [one.day_micro_usd for one in totals],
        [one.month_micro_usd for one in totals],
        [one.month_requests for one in totals],
        [one.month_posts for one in totals],
    )
    return struct.pack(f"<{SPENT_NUMBERS}d", *(number for column in columns for number in column))


def lease_ends_ms(lease: bytes) -> float:
    """When a lease field ends, by Redis."""
    ends: float = struct.unpack_from("<d", lease)[0]
    return ends


def _limit(chosen: ChosenBudgets, name: str, unit: int) -> float:
    if name not in chosen.limits:
        return AS_STARTED
    limit = chosen.limits[name]
    return NO_LIMIT if limit is None else round(limit * unit)


def _period(numbers: tuple[float, ...], first: str) -> Period:
    start = _WINDOW_PLACES[first] - 1
    limit, lowest, ends_at, _, settled, shared, *by_class = numbers[start : start + 6 + CLASS_COUNT]
    return Period(int(limit), int(lowest), ends_at, int(settled), shared == 1, tuple(by_class))
