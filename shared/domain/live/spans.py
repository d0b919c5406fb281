"""When a route was heard, and when it was not. Pure.

A span is a connection from its beginning to its end; what lies between two spans of a route is a break. A break loses
nothing for good: the search reads everything, live or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

# What X's two streams are called: of accounts, and by rules.
ROUTES: Final = ("activity", "filtered")
# Why a connection of a process that went without a word ended.
LOST: Final = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSpan:
    """One connection. seen_at: the last time that something came; to_at: None while it lasts; why: how it ended."""

    id: str
    route: str
    by: str
    from_at: datetime
    seen_at: datetime
    to_at: datetime | None = None
    events: int = 0
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """A route was not heard. to_at: None while it lasts; why: how the connection before it ended."""

    from_at: datetime
    to_at: datetime | None
    why: str | None


def silences(spans: Sequence[LiveSpan]) -> list[Silence]:
    """The breaks between the connections of one route, in the order of time; the last one may still last."""
    found: list[Silence] = []
    heard_to, why = None, None
    for one in sorted(spans, key=lambda span: (span.from_at, span.id)):
        if heard_to is not None and one.from_at > heard_to:
            found.append(Silence(heard_to, one.from_at, why))
        if one.to_at is None:
            return found
        if heard_to is None or one.to_at > heard_to:
            heard_to, why = one.to_at, one.why
    if heard_to is not None:
        found.append(Silence(heard_to, None, why))
    return found
