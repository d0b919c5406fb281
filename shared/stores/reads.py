"""`reads`: what reading posts again led to, by UTC day, in all and by source. Counted as it happens, never by a scan.

Written once a call, after it was stored and before its claim is answered: a crash in between leaves that call out here,
and the ledger has it. Kept for 400 days.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import UTC, date, datetime, time, timedelta

from pymongo import ASCENDING, DESCENDING, UpdateOne

from shared.domain.engagement.reads import Reads
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

KEPT = timedelta(days=400)
INDEXES = (
    Index("reads", {"day": ASCENDING}),
    Index("reads", {"source": ASCENDING, "day": DESCENDING}),
    Index("reads", {"day_at": ASCENDING}, {"expireAfterSeconds": int(KEPT.total_seconds())}),
)
_ALL = "*"  # no source is called that
_NAMES = tuple(field.name for field in fields(Reads))


class ReadStore:
    """`_id` is `day|source`; `source` is null in what is in all."""

    def __init__(self, db: Db) -> None:
        self._reads = db["reads"]

    @guarded
    def add(self, day: date, reads: Mapping[str | None, Reads]) -> None:
        """Add what one call led to, in one write: by source, and under None in all."""
        writes = [
            UpdateOne(
                {"_id": f"{day}|{source or _ALL}"},
                {"$inc": asdict(one), "$setOnInsert": {"day": str(day), "source": source, "day_at": _begin(day)}},
                upsert=True,
            )
            for source, one in reads.items()
        ]
        if writes:
            self._reads.bulk_write(writes, ordered=False)

    @guarded
    def of_day(self, day: date) -> dict[str | None, Reads]:
        """The sums of a day: by source, and under None in all. Empty where nothing was read."""
        return {one["source"]: _reads(one) for one in self._reads.find({"day": str(day)}).sort("_id", ASCENDING)}

    @guarded
    def between(self, first: date, last: date, *, sources: Collection[str] | None = None) -> dict[date, Reads]:
        """The sums of each day on which something was read: in all, or of some sources, added up."""
        which: Document = {"source": None if sources is None else {"$in": list(sources)}}
        found: dict[date, Reads] = {}
        for one in self._reads.find({"day": {"$gte": str(first), "$lte": str(last)}, **which}):
            day = date.fromisoformat(one["day"])
            found[day] = found.get(day, Reads()).plus(_reads(one))
        return found

    @guarded
    def of_source(self, source: str, *, limit: int) -> dict[date, Reads]:
        """The sums of a source of the last days on which something of it was read, the newest first."""
        found = self._reads.find({"source": source}).sort("day", DESCENDING).limit(limit)
        return {date.fromisoformat(one["day"]): _reads(one) for one in found}

    @guarded
    def of_sources(
        self, sources: Sequence[str | None], *, since: date, limit: int
    ) -> list[tuple[date, str | None, Reads]]:
        """The sums of sources (None: in all) from a day on, the newest day first, up to so many."""
        query = {"source": {"$in": list(sources)}, "day": {"$gte": str(since)}}
        found = self._reads.find(query).sort([("day", DESCENDING), ("source", ASCENDING)]).limit(limit)
        return [(date.fromisoformat(one["day"]), one["source"], _reads(one)) for one in found]


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _reads(document: Document) -> Reads:
    return Reads(**{name: int(document.get(name, 0)) for name in _NAMES})
