"""`X_reactions`: which account reposted or liked which post, as far as it was asked for, and when it was seen to."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from pymongo import ASCENDING, DESCENDING, UpdateOne

from shared.domain.reactions import Reaction
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

INDEXES = (
    Index("X_reactions", {"post_id": ASCENDING, "kind": ASCENDING, "last_seen_at": DESCENDING}),
    Index("X_reactions", {"user_id": ASCENDING}),
)


class ReactionStore:
    """`_id` is `post:kind:user`. One that is not seen any more stays: it was true at that time."""

    def __init__(self, db: Db) -> None:
        self._reactions = db["X_reactions"]

    @guarded
    def note(self, post_id: int, kind: Reaction, user_ids: Collection[int], *, now: datetime) -> int:
        """These accounts were seen to have done so; answers how many of them were new. One bulk write."""
        if not user_ids:
            return 0
        writes = [
            UpdateOne({"_id": f"{post_id}:{kind.value}:{user_id}"}, _seen(post_id, kind, user_id, now), upsert=True)
            for user_id in user_ids
        ]
        return self._reactions.bulk_write(writes, ordered=False).upserted_count

    @guarded
    def count(self, post_id: int, kind: Reaction) -> int:
        """How many accounts are known to have done so."""
        return self._reactions.count_documents({"post_id": str(post_id), "kind": kind.value})


def _seen(post_id: int, kind: Reaction, user_id: int, now: datetime) -> Document:
    fixed = {"post_id": str(post_id), "kind": kind.value, "user_id": str(user_id), "first_seen_at": now}
    return {"$setOnInsert": fixed, "$max": {"last_seen_at": now}}
