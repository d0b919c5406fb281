"""Endpoints as documents of `endpoints`, and back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from shared.domain.deliveries import Endpoint, Pending, Replay, State, Why
from shared.domain.feed import EventType
from shared.stores.database import Document

_PLAIN: Final = (
    *("tenant", "host", "max_events", "state_since", "cursor", "head", "round", "due_at", "waiting_since"),
    *("previous_until", "last_ms", "counts", "last_error", "missed", "created_at", "created_by"),
)


def endpoint_to_document(endpoint: Endpoint) -> Document:
    """An endpoint as it is stored."""
    return {
        "_id": endpoint.id,
        **{name: getattr(endpoint, name) for name in _PLAIN},
        "types": None if endpoint.types is None else sorted(endpoint.types),
        "state": endpoint.state.value,
        "why": endpoint.why and endpoint.why.value,
        "pending": endpoint.pending and asdict(endpoint.pending),
        "replay": endpoint.replay and asdict(endpoint.replay),
    }


def endpoint_from_document(found: Document) -> Endpoint:
    """The inverse; a type of a newer version is left out."""
    types = found["types"]
    return Endpoint(
        id=found["_id"],
        **{name: found[name] for name in _PLAIN},
        types=None if types is None else frozenset(EventType(one) for one in types if one in tuple(EventType)),
        state=State(found["state"]),
        why=found["why"] and Why(found["why"]),
        pending=found["pending"] and Pending(**found["pending"]),
        replay=found["replay"] and Replay(**found["replay"]),
    )
