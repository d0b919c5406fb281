"""The calls that this process told the ledger's Redis in the last minute, for another server that may have missed them.

It must not tell anything. Invariant: no more than `MAX_CALLS` are kept, and none for much longer than `TOLD_AGAIN`: a
call holds the ids of a whole page.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from datetime import timedelta
from time import monotonic
from typing import Final, NamedTuple

from shared.domain.money.purchases import Purchase

MAX_CALLS: Final = 1_000
# A replica is behind by less than this, and an append-only file by a second.
TOLD_AGAIN: Final = timedelta(minutes=1)


class LedgerCall(NamedTuple):
    """A call, and the id that it is told under, however often."""

    id: str
    purchase: Purchase


class ToldLately:
    """Safe for threads."""

    def __init__(self) -> None:
        self._told: deque[tuple[float, LedgerCall]] = deque(maxlen=MAX_CALLS)

    def keep(self, call: LedgerCall) -> None:
        """It was told now; those told more than a minute ago are let go of."""
        now = monotonic()
        self._told.append((now, call))
        with suppress(IndexError):  # another thread may be letting go of the same
            while self._told[0][0] < now - TOLD_AGAIN.total_seconds():
                self._told.popleft()

    def calls(self) -> list[LedgerCall]:
        """Those of the last minute, the oldest first."""
        since = monotonic() - TOLD_AGAIN.total_seconds()
        return [call for told_at, call in list(self._told) if told_at >= since]
