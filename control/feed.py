"""Reading the feed of a tenant: events in order, behind a cursor, each with what it is about as that stands now."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from shared.domain.errors import InputError
from shared.domain.feed import EventType
from shared.services.bootstrap import Services
from shared.services.feed_told import told

NOW: Final = "now"
GREATEST_LIMIT: Final = 1_000
_GREATEST_NUMBER: Final = 2**63 - 1


class TooOldError(InputError):
    """A cursor before what is kept. oldest: from which on all is there."""

    def __init__(self, cursor: str, oldest: str) -> None:
        super().__init__(f"cursor {cursor}: what came after it is kept no longer; go on from {oldest}, and read anew")
        self.oldest = oldest


@dataclass(frozen=True, slots=True)
class Page:
    """events: in order. cursor: where to go on, also when there is none. has_more: whether more is there now."""

    events: list[dict[str, Any]]
    cursor: str
    has_more: bool


def start(services: Services, tenant: str, after: str | None) -> int:
    """The number behind which to read. after: a cursor; `now`: what comes from now on; None: all that is kept.

    Raises TooOldError, and InputError for a cursor that was never given.
    """
    oldest, newest = services.stores.feed.bounds(tenant)
    if after is None:
        return oldest - 1
    if after == NOW:
        return newest
    number = int(after) if after.isascii() and after.isdecimal() and len(after) <= 19 else -1
    if not 0 <= number <= _GREATEST_NUMBER or number > newest:
        raise InputError(f"cursor {after!r}: none that was given here; begin without one, or with {NOW}")
    if number < oldest - 1:
        raise TooOldError(after, str(oldest - 1))
    return number


def page(services: Services, tenant: str, number: int, *, types: Collection[EventType], limit: int) -> Page:
    """Events behind a number. Constant round trips."""
    found = services.stores.feed.after(tenant, number, types=types, limit=limit + 1)
    shown = found[:limit]
    last = shown[-1].number if shown else number
    return Page(told(services.stores, tenant, shown), str(last), len(found) > limit)
