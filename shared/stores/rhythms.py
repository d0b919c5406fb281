"""How often what is followed has posted, as far as it is stored in `X_tweets`. Reads by indexes, and no further than it
says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pymongo import DESCENDING

from shared.domain.coverage.silence import Rhythm
from shared.stores.database import Db, Document, guarded

# So many of the newest posts tell the rhythm of a source of words.
NEWEST = 200


class RhythmStore:
    """Its indexes are those of `posts`."""

    def __init__(self, db: Db) -> None:
        self._posts = db["X_tweets"]

    @guarded
    def of_source(self, source_id: str, *, since: datetime) -> Rhythm | None:
        """Of the newest posts that concern a source; None where there are none since then."""
        query: Document = {"concerns.source": source_id, "created_at": {"$gte": since}}
        newest = self._posts.find(query, {"_id": 0, "created_at": 1}).sort("created_at", DESCENDING).limit(NEWEST)
        times = [one["created_at"] for one in newest]
        return Rhythm(len(times), times[-1], times[0]) if times else None

    @guarded
    def quiet(self, author_ids: Sequence[int], *, since: datetime) -> list[int]:
        """Those of the accounts that have posted nothing since then; reads an index entry for each post since."""
        query: Document = {"author_id": {"$in": [str(one) for one in author_ids]}, "created_at": {"$gte": since}}
        loud = {int(one) for one in self._posts.distinct("author_id", query)}
        return [one for one in author_ids if one not in loud]
