"""Whose turn it is to be read, where more is due than can be. Pure.

The most urgent first: what is late by most of the interval of its tier. Ten minutes are two intervals of an
`ultra_hot` post, and nothing to a `cold` one; so no tier waits behind what another one has left, however much that is,
and a cold post comes all the same once it is late by more of its day than the others of their minutes.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Final, TypeVar

from shared.domain.engagement.tiers import TABLE, Tier

INTERVALS: Final = {rule.tier: rule.interval for rule in TABLE}

K = TypeVar("K")


def in_turn(due: Mapping[Tier, Iterable[tuple[datetime, K]]], *, now: datetime, most: int) -> list[K]:
    """Up to `most` of what is due, the most urgent first. due: of each tier since when and what, the longest first."""
    by_urgency = [
        [((due_at - now) / INTERVALS[tier], key) for due_at, key in found]  # less is more urgent
        for tier, found in due.items()
    ]
    merged = heapq.merge(*by_urgency, key=lambda one: one[0])
    return [key for _, key in islice(merged, most)]
