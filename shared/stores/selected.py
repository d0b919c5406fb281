"""Which stored posts a person means, the newest first. Reads only, each time with one query by one index.

Left out is what no reading can tell of: posts that are gone, versions that were edited since, and reposts, whose
counts are those of the post they repeat.
"""

from __future__ import annotations

from datetime import datetime

from pymongo import DESCENDING
from pymongo.collection import Collection as MongoCollection

from shared.domain.engagement.tiers import Tier
from shared.domain.models import PostState
from shared.stores.database import Db, Document, guarded

_READABLE: Document = {"gone": None, "superseded_by": None, "referenced_tweets.type": {"$ne": "retweeted"}}
_THERE: Document = {"state": PostState.ALIVE.value}  # as the index of tiers says it


class SelectedStore:
    """Ids of at most `limit` posts, made at `since` or later (None: whenever)."""

    def __init__(self, db: Db) -> None:
        self._posts = db["X_tweets"]
        self._states = db["X_engagement"]

    @guarded
    def of_author(self, author_id: int, *, since: datetime | None, limit: int) -> list[int]:
        """What an account posted."""
        return _newest(self._posts, {"author_id": str(author_id), **_READABLE}, since, limit)

    @guarded
    def of_source(self, source_id: str, *, since: datetime | None, limit: int) -> list[int]:
        """What concerns a source."""
        return _newest(self._posts, {"concerns.source": source_id, **_READABLE}, since, limit)

    @guarded
    def in_tier(self, tier: Tier, *, since: datetime | None, limit: int) -> list[int]:
        """What is in a tier as of its last reading."""
        return _newest(self._states, {"tier": tier.value, **_THERE}, since, limit)


def _newest(collection: MongoCollection[Document], query: Document, since: datetime | None, limit: int) -> list[int]:
    within = {} if since is None else {"created_at": {"$gte": since}}
    found = collection.find({**query, **within}, {"_id": 1}).sort("created_at", DESCENDING)
    return [int(one["_id"]) for one in found.limit(limit).batch_size(limit + 1)]
