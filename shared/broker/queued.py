"""A message as it lies in its queue, for people to look at. Pure.

Owns the reading of the look script's reply. Must not change a queue.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from dramatiq.message import Message

from shared.broker.delivery import Unreadable, read_message
from shared.runtime.clock import from_epoch_seconds


class QueuedState(StrEnum):
    """Where a message is. gated: it waits with others until the limiter lets one of them through."""

    READY = "ready"
    DELAYED = "delayed"
    GATED = "gated"
    RUNNING = "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """message: None where it cannot be read. due_at: when it is or was due; of a gated one, when its gate opens.
    held_since, worker: of one that is running, as the broker names workers. Times are of Redis.
    """

    id: str
    queue: str
    state: QueuedState
    due_at: datetime
    message: Message[Any] | None
    held_since: datetime | None = None
    worker: str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a queue showed."""

    at: datetime
    held: list[Queued]
    waiting: list[Queued]


def read_look(reply: Sequence[Any], queue: str, gate_of: Callable[[str], str | None]) -> Look:
    """The reply of look.lua. gate_of: the gate of an actor's messages in this queue."""
    now_us = int(reply[0])
    opens_us = {reply[1][i].decode(): int(reply[1][i + 1].split()[0]) for i in range(0, len(reply[1]), 2)}

    def waiting(id: str, due_us: int, payload: bytes) -> Queued:
        message = _read(id, queue, payload)
        gate = gate_of(message.actor_name) if message else None
        state = QueuedState.READY if due_us <= now_us else QueuedState.DELAYED
        if state is QueuedState.DELAYED and gate in opens_us:
            state, due_us = QueuedState.GATED, max(now_us, opens_us[gate])
        return Queued(id=id, queue=queue, state=state, due_at=_at(due_us), message=message)

    def held(id: str, receipt: str, payload: bytes) -> Queued:
        worker, fetched_us, due_us = receipt.split(" ")
        return Queued(
            id=id,
            queue=queue,
            state=QueuedState.RUNNING,
            due_at=_at(int(due_us)),
            message=_read(id, queue, payload),
            held_since=_at(int(fetched_us)),
            worker=worker,
        )

    return Look(
        at=_at(now_us),
        held=[held(one[0].decode(), one[1].decode(), one[2]) for one in _rows(reply[3])],
        waiting=[waiting(one[0].decode(), int(one[1]), one[2]) for one in _rows(reply[2])],
    )


def _rows(flat: Sequence[bytes]) -> list[Sequence[bytes]]:
    return [flat[i : i + 3] for i in range(0, len(flat), 3)]


def _at(us: int) -> datetime:
    return from_epoch_seconds(us / 1e6)


def _read(id: str, queue: str, payload: bytes) -> Message[Any] | None:
    try:
        return read_message(payload, id=id, queue=queue)
    except Unreadable:
        return None
