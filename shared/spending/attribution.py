"""Which calls were made for whom: inside `gathered` the ledger tells each call of this thread to the one who asks, and
inside `charged_to` it books what a call costs on the share of a source.

Prices nothing and stores nothing. Invariant: a call is told to the innermost block around it, once, and what it cost is
what the ledger says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from shared.domain.money.purchases import PaidCall

_TOLD: Final[ContextVar[Callable[[PaidCall], None] | None]] = ContextVar("told", default=None)
_SHARE_OF: Final[ContextVar[str | None]] = ContextVar("share_of", default=None)


@contextmanager
def told_to(who: Callable[[PaidCall], None]) -> Iterator[None]:
    """Each call that is made inside the block is told at once, before anything is done with what it brought."""
    token = _TOLD.set(who)
    try:
        yield
    finally:
        _TOLD.reset(token)


@contextmanager
def gathered() -> Iterator[list[PaidCall]]:
    """The calls that are made inside the block, in their order; the list grows while it runs."""
    calls: list[PaidCall] = []
    with told_to(calls.append):
        yield calls


@contextmanager
def overheard() -> Iterator[list[PaidCall]]:
    """The same, and the block around is told all the same."""
    calls: list[PaidCall] = []
    around = _TOLD.get()

    def hear(call: PaidCall) -> None:
        calls.append(call)
        if around is not None:
            around(call)

    with told_to(hear):
        yield calls


def tell(call: PaidCall) -> None:
    """Tell a call to the block around it; without one to nobody."""
    who = _TOLD.get()
    if who is not None:
        who(call)


@contextmanager
def charged_to(source_id: str | None) -> Iterator[None]:
    """What is bought inside the block is of this source's share of the money; None: of nobody's."""
    token = _SHARE_OF.set(source_id)
    try:
        yield
    finally:
        _SHARE_OF.reset(token)


def charged() -> str | None:
    """The source whose share pays for what is bought here; None: no one's."""
    return _SHARE_OF.get()
