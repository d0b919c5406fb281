"""`surges`: posts that run away, a document for each post and UTC day; and who is told of them.

    told (no webhook)      pending {send_at} --sent--> delivered
                              |--cannot be--> refused, dropped (the post is gone), disabled (nobody listens)
                              '--quiet hours--> pending {send_at: their end}

A letter that is replayed is sent again from `refused`. Kept for a month. Invariant: of one post and day there is one
document, whoever notes it, so that it is told of once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from pymongo import ASCENDING, InsertOne, ReturnDocument
from pymongo.errors import BulkWriteError

from shared.domain.engagement.surges import Surge
from shared.stores.database import Db, Document, guarded
from shared.stores.described import DUPLICATE_KEY
from shared.stores.indexes import Index
from shared.stores.posts import metrics_to_document

KEPT = timedelta(days=31)
INDEXES = (
    Index("surges", {"post_id": ASCENDING}),
    Index("surges", {"send_at": ASCENDING}, {"sparse": True}),
    Index("surges", {"at": ASCENDING}, {"expireAfterSeconds": int(KEPT.total_seconds())}),
)


class Told(StrEnum):
    """What became of telling. Values appear in MongoDB."""

    TOLD = "told"
    PENDING = "pending"
    DELIVERED = "delivered"
    REFUSED = "refused"
    DROPPED = "dropped"
    DISABLED = "disabled"


class SurgeStore:
    """`_id` is `post_id:day`."""

    def __init__(self, db: Db) -> None:
        self._surges, self._posts = db["surges"], db["X_tweets"]

    @guarded
    def sources_of(self, post_ids: Collection[int]) -> dict[int, set[str]]:
        """The sources that posts concern."""
        some = {"_id": {"$in": [str(post_id) for post_id in post_ids]}}
        found = self._posts.find(some, {"concerns.source": 1})
        return {int(post["_id"]): {one["source"] for one in post.get("concerns", ())} for post in found}

    @guarded
    def note(self, surges: Sequence[Surge], *, send_at: datetime | None) -> set[str]:
        """Note those that are not noted yet; answers their ids. send_at: when they may be sent; None: to nobody."""
        documents = [_document(one, send_at) for one in surges]
        try:
            if documents:
                self._surges.bulk_write([InsertOne(one) for one in documents], ordered=False)
        except BulkWriteError as error:
            faults = error.details["writeErrors"]
            if any(fault["code"] != DUPLICATE_KEY for fault in faults):
                raise
            there = {fault["index"] for fault in faults}
            documents = [one for number, one in enumerate(documents) if number not in there]
        return {one["_id"] for one in documents}

    @guarded
    def get(self, surge_id: str) -> Document | None:
        """The document, None where there is none."""
        return self._surges.find_one({"_id": surge_id})

    @guarded
    def waiting(self, *, now: datetime, limit: int) -> list[str]:
        """Ids of those that may be sent by now, the longest waiting first."""
        found = self._surges.find({"send_at": {"$lte": now}}, {"_id": 1}).sort("send_at", ASCENDING).limit(limit)
        return [one["_id"] for one in found]

    @guarded
    def postpone(self, surge_id: str, *, send_at: datetime) -> None:
        """Let it be sent then."""
        self._surges.update_one({"_id": surge_id}, {"$set": {"send_at": send_at, "status": Told.PENDING.value}})

    @guarded
    def tried(self, surge_id: str) -> int:
        """It is being sent once more; answers how often it was, this time included."""
        change = {"$inc": {"tries": 1}}
        found = self._surges.find_one_and_update({"_id": surge_id}, change, return_document=ReturnDocument.AFTER)
        return int(found["tries"]) if found else 0

    @guarded
    def settle(self, surge_id: str, told: Told, *, now: datetime) -> None:
        """Say what became of it; it is not sent again by itself."""
        change = {"$set": {"status": told.value, "ended_at": now}, "$unset": {"send_at": ""}}
        self._surges.update_one({"_id": surge_id}, change)


def _document(surge: Surge, send_at: datetime | None) -> Document:
    one = surge.measured
    return {
        "_id": surge.id,
        "post_id": str(one.post_id),
        "author_id": None if one.author_id is None else str(one.author_id),
        "at": one.at,
        "why": [why.value for why in surge.why],
        "velocity": one.velocity,
        "usual": surge.usual,
        "metrics": metrics_to_document(one.metrics),
        "sources": list(surge.sources),
        "tries": 0,
        **({"status": Told.TOLD.value} if send_at is None else {"status": Told.PENDING.value, "send_at": send_at}),
    }
