"""What is put into the budgets' hashes from outside: the budgets that a person chose, and what was spent before. Pure.

Invariant: what is unpacked is what was packed; a budget that was not chosen, and one without a limit, stay apart.
"""

from __future__ import annotations

import struct
from typing import Final

from shared.domain.models import WorkClass
from shared.domain.money.budgets import CHOOSABLE, ChosenBudgets, Totals, TotalsByClass
from shared.domain.money.prices import MICRO
from shared.ratelimit.layout import AS_STARTED, CHOSEN_NUMBERS, NO_LIMIT, SPENT_NUMBERS

_CHOSEN_UNITS: Final = dict(zip(CHOOSABLE, (MICRO, MICRO, 1), strict=True))


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


def _limit(chosen: ChosenBudgets, name: str, unit: int) -> float:
    if name not in chosen.limits:
        return AS_STARTED
    limit = chosen.limits[name]
    return NO_LIMIT if limit is None else round(limit * unit)
