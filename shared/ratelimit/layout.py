"""The order of the numbers inside the fields of the limiter's hashes, and the names that scripts know it by.

A hash for the project and one for each credential hold budgets; a hash for each credential and endpoint holds its
windows; a set lists these. The numbers of a hash are one string of doubles in its field `state`, which Lua reads and
writes in 1.5 µs; as 24 fields they took 25 µs. Beside it stand `blocked_by` and `blocked_reason`, `server`, the run id
of the Redis that was told of the window, a field
`#<grant id>` for every call in flight, and in the project's hash `chosen`, the budgets that a person set, and
`faults:<endpoint>` for each endpoint whose last answer was a fault of X: four doubles and the id of who looks again.
Invariant: the scripts, `numbers` and `budget_fields` know the order from here only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.redis.scripts import Constant

DAY_MS: Final = 86_400_000
CLASS_COUNT: Final = 5

# Places count from 1, as in Lua. A name before five classes is the place before the first class.
WINDOW_PLACES: Final = {
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
BUDGET_PLACES: Final = {
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
AS_STARTED: Final = -2  # not chosen by a person
NO_LIMIT: Final = -1

CONSTANTS: Final[Mapping[str, Constant]] = {
    **WINDOW_PLACES,
    **BUDGET_PLACES,
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
