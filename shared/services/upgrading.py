"""What a version changes in documents of an earlier one, at the start of a process."""

from __future__ import annotations

from datetime import datetime

from shared.domain.coverage.intervals import Check, Interval
from shared.domain.coverage.streams import Stream
from shared.domain.coverage.sweeps import ReadBy
from shared.services import coverage
from shared.stores.bundle import Stores

STREAMS_AT_ONCE = 100


def take_over(stores: Stores, *, now: datetime) -> None:
    """Bring documents of an earlier version to the form of this one; nothing where they are. Idempotent.

    Raises StoreUnavailable.
    """
    stores.streams.take_over()
    while streams := stores.streams.without_ledger(STREAMS_AT_ONCE):
        for stream, missing in streams:
            for unread in missing:
                coverage.note(stores, stream.id, stream.members, unread, now=now)
            if stream.began_at < stream.covered_through:
                stores.intervals.add(_as_it_says(stream))
            stores.streams.has_ledger(stream.id)


def _as_it_says(stream: Stream) -> Interval:
    """What a stream of a version without a ledger says that it has read."""
    return Interval(
        id=stream.id,
        stream=stream.id,
        from_at=stream.began_at,
        to_at=stream.covered_through,
        route=ReadBy.RECENT,
        read_at=stream.covered_through,
        check=Check.NOT_VERIFIED,
    )
