"""Posts by their age: those that may have been kept long enough, and how far each scope has been gone through."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pymongo import ASCENDING

from shared.domain.retention import Retention
from shared.domain.sources import Source
from shared.stores.database import Db, Document, guarded

_KEY = "retention"
_ALL = "*"  # no source is called that


def retention(sources: Iterable[Source], default_days: int | None) -> Retention:
    """What the sources and the settings say. A source that was removed keeps as all do."""
    return Retention(default_days, {one.id: one.retention_days for one in sources if one.retention_days})


class AgeStore:
    """Reads posts in the order in which they were made. Every query is by an index on that, and bounded."""

    def __init__(self, db: Db) -> None:
        self._posts, self._state = db["X_tweets"], db["X_state"]

    @guarded
    def older(self, scope: str | None, *, after: datetime | None, before: datetime, limit: int) -> list[Document]:
        """Posts of a source, or of all (None), made from `after` on and before `before`; the oldest first."""
        query: Document = {"created_at": {"$lt": before} | ({} if after is None else {"$gte": after})}
        query |= {} if scope is None else {"concerns.source": scope}
        fields = {"created_at": 1, "concerns.source": 1, "attachments": 1}
        return list(self._posts.find(query, fields).sort("created_at", ASCENDING).limit(limit))

    @guarded
    def cursor(self, scope: str | None) -> datetime | None:
        """From when on a scope is to be gone through; None: from its oldest post on."""
        found = self._state.find_one({"_id": _KEY}) or {}
        at: datetime | None = found.get("value", {}).get(scope or _ALL)
        return at

    @guarded
    def move(self, scope: str | None, cursor: datetime | None) -> None:
        """Note how far a scope was gone through."""
        name = f"value.{scope or _ALL}"
        change: Document = {"$unset": {name: ""}} if cursor is None else {"$set": {name: cursor}}
        self._state.update_one({"_id": _KEY}, change, upsert=True)
