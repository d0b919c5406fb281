"""`shares`: what the sources that have a share of the money spent of it, by UTC day and life of Redis.

A document is a copy of a sum that only grows, and is written with `$max`, as the ledger's rows are. What is a week old
is removed: it is read on its own day only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from pymongo import ASCENDING, UpdateOne

from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

KEEP = timedelta(days=7)

INDEXES = (Index("shares", {"day": ASCENDING}, {"expireAfterSeconds": int(KEEP.total_seconds())}),)


class ShareStore:
    """Keeps the sums. Money in whole micro-dollars."""

    def __init__(self, db: Db) -> None:
        self._shares = db["shares"]

    @guarded
    def keep(self, day: date, epoch: str, spent: Mapping[str, int]) -> None:
        """Store what sources spent, as one life of Redis counted it; again, or in another order, changes nothing."""
        writes = [
            UpdateOne(
                {"_id": f"{day.isoformat()}|{source}|{epoch}"},
                {
                    "$setOnInsert": {"day": _begin(day), "source": source, "epoch": epoch},
                    "$max": {"micro_usd": micro_usd},
                },
                upsert=True,
            )
            for source, micro_usd in spent.items()
        ]
        if writes:
            self._shares.bulk_write(writes, ordered=False)

    @guarded
    def of(self, day: date, source: str | None = None) -> dict[str, dict[str, int]]:
        """source -> life of Redis -> what it spent that day; of one source, or of all."""
        query: Document = {"day": _begin(day)} | ({} if source is None else {"source": source})
        found: dict[str, dict[str, int]] = {}
        for document in self._shares.find(query):
            found.setdefault(document["source"], {})[document["epoch"]] = document["micro_usd"]
        return found


def _begin(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)
