"""The numbers that the limiter's scripts decide by, as constants written into their text. Pure.

Invariant: processes that share a Redis are given the same options, and so run the same text.
"""

from __future__ import annotations

from typing import Final

from shared.domain.money.budgets import Budgets
from shared.domain.money.classes import (
    BACKGROUND_STOPS,
    CLASSES,
    FLOOR_PERCENT,
    KEPT_FOR_PEOPLE,
    PACED_FROM,
    PACED_UNTIL,
    RELEASE_LEFT,
)
from shared.domain.money.prices import MICRO
from shared.ratelimit.layout import DAY_MS
from shared.ratelimit.windows import HALF
from shared.redis.scripts import Constant

PROBE_WAIT_MS: Final = 200  # between two looks at a window that another call is finding out: about one answer of X
RESET_GUARD_MS: Final = 1_000  # x-rate-limit-reset has a grain of 1 s, and nobody says which way it is rounded
UNDATED_GUARD_MS: Final = 5_000  # without a Date the reset is placed by our clock: allow for clocks that differ
LEARNED_INTERVAL_MS: Final = 1_100  # the one-per-second rule, plus what the network may take from a gap
# Nobody says when such a rule ends, and under it no more than 818 calls fit into X's window. A rule that stands costs
# one more 429 in each of these, a rule that ended no more than a window.
LEARNED_FOR_MS: Final = 900_000
BREAKER_FAULTS: Final = 5  # in a row, by whichever worker: one passing fault is the retries' affair
BREAKER_FIRST_MS: Final = 5_000  # doubled each time that a look fails ...
BREAKER_LONGEST_MS: Final = 300_000  # ... up to this, so that recovery is seen within five minutes
BREAKER_WAIT_MS: Final = 1_000  # between two questions while another call looks: a broken X answers late
KEEP_MS: Final = 2 * DAY_MS  # longer than any window of X
KEEP_BUDGET_MS: Final = 40 * DAY_MS  # longer than a month

CLASS_NUMBER: Final = {work_class: number for number, work_class in enumerate(CLASSES, start=1)}


def script_constants(
    *, window_ms: int, lease_ms: int, budgets: Budgets, credential_budgets: Budgets | None, needs_seed: bool
) -> dict[str, Constant]:
    """All constants that depend on the limiter's options. needs_seed: empty budgets are filled from the ledger."""
    return {
        **_rules(window_ms, lease_ms),
        **_limits("PROJECT", budgets),
        **_limits("CREDENTIAL", credential_budgets or Budgets()),
        "CREDENTIAL_BUDGETS": credential_budgets is not None,
        "NEEDS_SEED": needs_seed,
    }


def _rules(window_ms: int, lease_ms: int) -> dict[str, Constant]:
    """What the scripts decide by, apart from money."""
    floors = {f"FLOOR_{number}": FLOOR_PERCENT[work_class] for work_class, number in CLASS_NUMBER.items()}
    return {
        **floors,
        "WINDOW_MS": window_ms,
        "LEASE_MS": lease_ms,
        "RELEASE": RELEASE_LEFT,
        "KEPT_FOR_PEOPLE": KEPT_FOR_PEOPLE,
        "HALF": HALF,
        "PACED": PACED_FROM,
        "PACED_BY": PACED_UNTIL,
        "BACKGROUND_STOPS": BACKGROUND_STOPS,
        "PROBE_WAIT_MS": PROBE_WAIT_MS,
        "RESET_GUARD_MS": RESET_GUARD_MS,
        "UNDATED_GUARD_MS": UNDATED_GUARD_MS,
        "LEARNED_INTERVAL_MS": LEARNED_INTERVAL_MS,
        "LEARNED_FOR_MS": LEARNED_FOR_MS,
        "BREAKER_FAULTS": BREAKER_FAULTS,
        "BREAKER_FIRST_MS": BREAKER_FIRST_MS,
        "BREAKER_LONGEST_MS": BREAKER_LONGEST_MS,
        "BREAKER_WAIT_MS": BREAKER_WAIT_MS,
        "KEEP_MS": max(KEEP_MS, 2 * window_ms),
        "KEEP_BUDGET_MS": KEEP_BUDGET_MS,
    }


def _limits(owner: str, budgets: Budgets) -> dict[str, Constant]:
    """A budget as constants of the script; -1 = no limit."""
    money = {"DAY_MONEY": budgets.day_usd, "MONTH_MONEY": budgets.month_usd}
    micro = {name: None if usd is None else round(usd * MICRO) for name, usd in money.items()}
    counts = {"MONTH_REQUESTS": budgets.month_requests, "MONTH_POSTS": budgets.month_posts}
    return {f"{owner}_{name}": -1 if value is None else value for name, value in {**micro, **counts}.items()}
