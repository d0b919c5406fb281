"""How far the clocks are from this machine's. Pure.

Each decision uses one clock (MongoDB's for claims, Redis's in scripts, X's for its resets), so a small difference
harms nothing; times of different clocks stand beside one another in coverage and in the ledger's days.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.domain.preflight.finding import Check, Finding, error, ok, warning

APART_SECONDS: Final = 2.0
FAR_APART_SECONDS: Final = 60.0
_NAMES: Final = {Check.REDIS_CLOCK: "Redis", Check.MONGO_CLOCK: "MongoDB", Check.X_CLOCK: "X"}


def judge_clocks(ahead_seconds: Mapping[Check, float]) -> list[Finding]:
    """The findings about clocks; how far each is ahead of this machine's, in seconds."""
    return [_clock(check, seconds) for check, seconds in ahead_seconds.items()]


def _clock(check: Check, seconds: float) -> Finding:
    name, apart = _NAMES[check], abs(seconds)
    if apart <= APART_SECONDS:
        return ok(check, f"the clock of {name} and this machine's agree")
    message = f"the clock of {name} is {apart:.0f} s {'ahead of' if seconds > 0 else 'behind'} this machine's"
    whose = "this machine" if check is Check.X_CLOCK else "both machines"
    todo = f"let NTP set the clock of {whose}"
    return (error if apart > FAR_APART_SECONDS else warning)(check, message, todo)
