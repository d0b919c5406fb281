"""Which calls were made for whom: inside `gathered` the ledger tells each call of this thread to the one who asks.

Prices nothing and stores nothing. Invariant: a call is told to the innermost block around it, once, and what it cost is
what the ledger says.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from shared.domain.money.purchases import PaidCall

_CALLS: Final[ContextVar[list[PaidCall] | None]] = ContextVar("calls", default=None)


@contextmanager
def gathered() -> Iterator[list[PaidCall]]:
    """The calls that are made inside the block, in their order; the list grows while it runs."""
    calls: list[PaidCall] = []
    token = _CALLS.set(calls)
    try:
        yield calls
    finally:
        _CALLS.reset(token)


def tell(call: PaidCall) -> None:
    """Tell a call to the block around it; without one to nobody."""
    calls = _CALLS.get()
    if calls is not None:
        calls.append(call)
