"""`set_aside`: objects of X's answers that nobody could read or store, for a person to look at.

Small by rule: an object seen again is the same document, those not seen for a month expire, and beyond `MAX_DOCUMENTS`
the oldest go. Invariant: writing here never decides whether a page goes on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from pymongo import ASCENDING, DESCENDING, UpdateOne

from shared.domain.set_aside import SetAside
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

KEEP = timedelta(days=30)
MAX_DOCUMENTS = 10_000

INDEXES = (Index("set_aside", {"seen_at": ASCENDING}, {"expireAfterSeconds": int(KEEP.total_seconds())}),)


class SetAsideStore:
    """`_id` is made of what the object is and says."""

    def __init__(self, db: Db) -> None:
        self._objects = db["set_aside"]

    @guarded
    def note(self, objects: Iterable[SetAside], *, now: datetime) -> None:
        """Keep them, in one bulk write; and no more than `MAX_DOCUMENTS` of all."""
        writes = [
            UpdateOne(
                {"_id": _key(one)},
                {"$set": _to_document(one), "$setOnInsert": {"first_seen_at": now}, "$max": {"seen_at": now}},
                upsert=True,
            )
            for one in objects
        ]
        if writes and self._objects.bulk_write(writes, ordered=False).upserted_count:
            self._make_room()

    @guarded
    def count(self, *, since: datetime) -> dict[str, int]:
        """How many were seen since then, by reason."""
        rows = self._objects.aggregate(
            [{"$match": {"seen_at": {"$gte": since}}}, {"$group": {"_id": "$reason", "n": {"$sum": 1}}}]
        )
        return {row["_id"]: row["n"] for row in rows}

    @guarded
    def of(self, object_id: str) -> list[Document]:
        """What was set aside of an object, the newest first."""
        return list(self._objects.find({"object_id": object_id}).sort("seen_at", DESCENDING).limit(10))

    def _make_room(self) -> None:
        too_many = self._objects.estimated_document_count() - MAX_DOCUMENTS
        if too_many > 0:
            oldest = self._objects.find({}, {"_id": 1}).sort("seen_at", ASCENDING).limit(too_many)
            self._objects.delete_many({"_id": {"$in": [document["_id"] for document in oldest]}})


def _key(one: SetAside) -> str:
    said = one.object_id or one.text
    return hashlib.sha256(f"{one.kind}|{one.reason}|{said}".encode()).hexdigest()[:32]


def _to_document(one: SetAside) -> Document:
    return {
        "kind": one.kind.value,
        "reason": one.reason.value,
        "endpoint": one.endpoint,
        "object_id": one.object_id,
        "text": one.text,
    }
