"""Webhooks of the feed: an endpoint, what it is sent next, and when it is tried again. Pure.

    behind its cursor --cut--> pending (first, through) --sent--> 2xx: the cursor is at `through`
                                   | anything else: the same range later, by WAITS; 410 or the last of them: disabled

A message is a range of numbers of the feed. Its id follows from the range, and the range is kept until it is taken:
each try of it has the same id. A replay sets the cursor back and remembers where it was; what is new waits until then.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.feed import EventType

MOST_EVENTS: Final = 25  # of a message
# Standard Webhooks, "Retry schedule": between two tries; the first is at once. 75.6 h in all.
WAITS: Final = tuple(timedelta(seconds=one) for one in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400))
TRIES: Final = len(WAITS) + 1
JITTER: Final = 0.1  # of a wait, on top: those who failed together do not come back together
LONGEST_WAIT: Final = timedelta(days=1)  # however long a Retry-After is
BOTH_SIGN: Final = timedelta(hours=24)  # after a rotation
# Longer than a message takes: 15 s, and what is read and written around it. What a dead worker was at waits for it.
LEASE: Final = timedelta(seconds=45)
SLOW_MS: Final = 2_000


class State(StrEnum):
    """Whether an endpoint is sent anything. Values are stable."""

    ACTIVE = "active"
    DISABLED = "disabled"


class Why(StrEnum):
    """Why an endpoint is disabled."""

    GONE = "gone"  # it answered 410
    GIVEN_UP = "given_up"  # the last try failed
    ASKED = "asked"  # a person wanted it


class Outcome(StrEnum):
    """What became of a try."""

    DELIVERED = "delivered"
    RETRY = "retry"
    GIVEN_UP = "given_up"
    GONE = "gone"
    FAILED = "failed"  # of a ping, which is tried once


@dataclass(frozen=True, slots=True)
class Pending:
    """What is sent next: numbers of the feed, both included. tries: how often it was sent and not taken."""

    first: int
    through: int
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Replay:
    """What is told again: up to a number; then the cursor goes on where it was."""

    through: int
    back_to: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where the events of a tenant are sent. What opens it is sealed, and not here.

    cursor: the number behind which it is told. types: None: the usual ones. due_at: when it is looked at next; None:
    when something comes. head: the greatest number that it was woken for. waiting_since: since when the next event
    waits, or before. round: how many replays there were. missed: numbers that were kept no longer at their turn.
    """

    id: str
    tenant: str
    host: str
    types: frozenset[EventType] | None
    max_events: int
    state: State
    why: Why | None
    state_since: datetime
    cursor: int
    head: int
    pending: Pending | None
    replay: Replay | None
    round: int
    due_at: datetime | None
    waiting_since: datetime | None
    previous_until: datetime | None
    last_ms: int
    counts: dict[str, int] = field(default_factory=dict)
    last_error: dict[str, object] | None = None
    missed: int = 0
    created_at: datetime
    created_by: str

    @property
    def is_slow(self) -> bool:
        """Whether the next message may take long, by the last one."""
        return self.last_ms >= SLOW_MS or (self.pending is not None and self.pending.tries > 0)


@dataclass(frozen=True, slots=True)
class Cut:
    """What is taken of a piece of the feed. through: behind which to go on. chosen: the places of what is told."""

    through: int
    chosen: Sequence[int]


def cut(piece: Sequence[tuple[int, EventType]], *, types: Collection[EventType], most: int) -> Cut | None:
    """The first so many of the wanted types, and all that is passed over before the next one; None of nothing."""
    if not piece:
        return None
    chosen = [place for place, (_, kind) in enumerate(piece) if kind in types]
    if len(chosen) <= most:
        return Cut(piece[-1][0], chosen)
    return Cut(piece[chosen[most] - 1][0], chosen[:most])


def message_id(endpoint: Endpoint, pending: Pending) -> str:
    """The id of a message: the same for each try of it, another one in a replay. Has no dot (Standard Webhooks)."""
    return f"msg_{endpoint.id}_{endpoint.round}_{pending.first}_{pending.through}"


def next_try(tries: int, *, now: datetime, draw: float, retry_after_seconds: float | None = None) -> datetime | None:
    """When a message that was sent so often, and not taken, is sent again; None: no more. draw: of [0, 1)."""
    if tries >= TRIES:
        return None
    wait = WAITS[tries - 1] * (1 + JITTER * draw)
    asked = timedelta(seconds=min(retry_after_seconds or 0.0, LONGEST_WAIT.total_seconds()))
    return now + max(wait, asked)
