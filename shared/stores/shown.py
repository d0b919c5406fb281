"""What one post or account is shown with: the readings of its counts, what is around it, its files. Reads only."""

from __future__ import annotations

from datetime import date, datetime

from pymongo import ASCENDING, DESCENDING

from shared.domain.models import ReferenceType
from shared.stores.database import Db, Document, guarded
from shared.stores.paging import Key, after


class ShownStore:
    """Reads across collections, each time by an index."""

    def __init__(self, db: Db) -> None:
        self._db = db

    @guarded
    def readings(self, post_id: int, limit: int = 10_000) -> list[Document]:
        """The readings of a post (`at`, `metrics`), the oldest first."""
        found = self._db["X_engagement_history"].find({"post_id": str(post_id)}, {"_id": 0, "at": 1, "metrics": 1})
        return list(found.sort("at", ASCENDING).limit(limit))

    @guarded
    def referring(self, post_id: int, kind: ReferenceType) -> int:
        """How many stored posts refer to it in that way."""
        reference = {"$elemMatch": {"id": str(post_id), "type": kind.value}}
        query = {"referenced_tweets.id": str(post_id), "referenced_tweets": reference}
        return self._db["X_tweets"].count_documents(query)

    @guarded
    def referring_ids(self, post_id: int, kind: ReferenceType, *, limit: int) -> list[str]:
        """The ids of stored posts that refer to it in that way, up to so many."""
        reference = {"$elemMatch": {"id": str(post_id), "type": kind.value}}
        found = self._db["X_tweets"].find({"referenced_tweets": reference}, {"_id": 1}).limit(limit)
        return [one["_id"] for one in found.batch_size(limit + 1)]

    @guarded
    def quoting(self, post_id: int, *, start: Key | None, limit: int) -> list[Document]:
        """The stored quotes of a post, the newest first, or those that come after the key (`created_at`, `_id`)."""
        reference = {"$elemMatch": {"id": str(post_id), "type": ReferenceType.QUOTED.value}}
        query = {"referenced_tweets": reference, **after("created_at", start)}
        fields = dict.fromkeys(("raw", "raw_text", "entities"), 0)
        order = [("created_at", DESCENDING), ("_id", DESCENDING)]
        return list(self._db["X_tweets"].find(query, fields).sort(order).limit(limit).batch_size(limit + 1))

    @guarded
    def user(self, *, user_id: int | None = None, username: str | None = None) -> Document | None:
        """The account of that id, or else the one that X last called so, as X writes it."""
        query = {"_id": str(user_id)} if user_id is not None else {"username": username}
        return self._db["X_users"].find_one(query, sort=[("last_updated_at", DESCENDING)])

    @guarded
    def media(self, keys: list[str]) -> list[Document]:
        """The media of those keys, with what became of their files."""
        return list(self._db["X_media"].find({"_id": {"$in": keys}}, {"raw": 0, "raw_text": 0}).sort("_id", 1))

    @guarded
    def posts_of(self, user_id: str) -> tuple[int, Document | None]:
        """How many posts of an account are stored, and the newest."""
        posts = self._db["X_tweets"]
        newest = posts.find_one({"author_id": user_id}, sort=[("created_at", DESCENDING)])
        return posts.count_documents({"author_id": user_id}), newest

    @guarded
    def posts_by_day(self, user_id: str, *, since: datetime) -> dict[date, int]:
        """How many stored posts an account has made on each day (UTC) since then; days without one are left out."""
        day = {"$dateTrunc": {"date": "$created_at", "unit": "day"}}
        steps: list[Document] = [
            {"$match": {"author_id": user_id, "created_at": {"$gte": since}}},
            {"$group": {"_id": day, "n": {"$sum": 1}}},
        ]
        return {row["_id"].date(): row["n"] for row in self._db["X_tweets"].aggregate(steps)}
