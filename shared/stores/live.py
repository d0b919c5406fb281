"""`live_spans`: when each route of live events was connected, and how each connection ended.

    begin --> seen, seen, ... --> end        a process that went without a word: ended by whoever connects next

For people and for proof; nothing is decided by it, and the documents go after KEEP. Invariant: of one route at most one
span lasts.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

from pymongo import ASCENDING, DESCENDING

from shared.domain.live.spans import LOST, LiveSpan
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

KEEP: Final = timedelta(days=14)
INDEXES = (
    Index("live_spans", {"route": ASCENDING, "from_at": DESCENDING}),
    Index("live_spans", {"seen_at": ASCENDING}, {"expireAfterSeconds": int(KEEP.total_seconds())}),
)


class LiveStore:
    """A document a connection."""

    def __init__(self, db: Db) -> None:
        self._spans = db["live_spans"]

    @guarded
    def begin(self, route: str, *, by: str, now: datetime) -> str:
        """A connection begins; what still lasts of its route has ended when it was last seen. Answers its id."""
        lasting = {"route": route, "to_at": None}
        self._spans.update_many(lasting, [{"$set": {"to_at": "$seen_at", "why": LOST}}])
        span_id = uuid.uuid4().hex
        begun = {"from_at": now, "seen_at": now, "to_at": None, "events": 0, "why": None}
        self._spans.insert_one({"_id": span_id, "route": route, "by": by, **begun})
        return span_id

    @guarded
    def seen(self, span_id: str, *, events: int, now: datetime) -> None:
        """Something came: so many events more, or only a sign of life."""
        self._spans.update_one({"_id": span_id}, {"$set": {"seen_at": now}, "$inc": {"events": events}})

    @guarded
    def end(self, span_id: str, *, why: str, events: int, now: datetime) -> None:
        """It has ended."""
        ended: Document = {"to_at": now, "seen_at": now, "why": why}
        self._spans.update_one({"_id": span_id}, {"$set": ended, "$inc": {"events": events}})

    @guarded
    def recent(self, route: str, *, limit: int = 100) -> list[LiveSpan]:
        """The newest connections of a route, the newest first."""
        found = self._spans.find({"route": route}).sort("from_at", DESCENDING).limit(limit)
        return [LiveSpan(id=one.pop("_id"), **one) for one in found]
