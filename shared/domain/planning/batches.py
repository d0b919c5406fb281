"""Full calls: a look-up asks about 100 ids for the price of one request. Pure.

What costs, and what is read for the last time of a day, is always in the list. What is free waits if it would begin a
call that cannot be filled; a call that is begun in any case is filled with what would be due next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

IDS_A_CALL: Final = 100


def full_calls(fixed: Sequence[int], due: Sequence[int], soon: Sequence[int]) -> tuple[int, ...]:
    """fixed, then due, then soon, as many as fill calls. The three have no id in common."""
    wanted = len(fixed) + len(due)
    whole, over = divmod(wanted, IDS_A_CALL)
    can_fill = wanted + len(soon) >= (whole + 1) * IDS_A_CALL
    if over and (can_fill or len(fixed) > whole * IDS_A_CALL):
        whole += 1
    return (*fixed, *due, *soon)[: whole * IDS_A_CALL]
