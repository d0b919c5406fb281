"""A message on its way into the queue, and what became of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.broker.keys import QueueKeys

Placed = Literal["placed", "outstanding", "refused", "conflict"]


@dataclass(frozen=True, slots=True)
class Dedup:
    """The key that keeps a second message like this one out, and how long it lives beyond a delay."""

    key: str
    ttl_ms: int


@dataclass(frozen=True, slots=True)
class Placement:
    """One message to be placed."""

    keys: QueueKeys
    id: str
    payload: bytes
    delay_ms: int = 0
    dedup: Dedup | None = None
