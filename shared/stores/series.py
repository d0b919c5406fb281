"""`X_engagement_history` as series, post by post: what the thinning of old ones reads and writes.

The walks go by the posts' ids as text, which is the order in which posts were made since May 2018, when ids came to
have nineteen digits. Series of older posts whose ids sort behind the present ones stay full.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from pymongo import ASCENDING, DeleteMany, UpdateOne

from shared.domain.engagement.thinning import Taken, Thinned
from shared.stores.database import Db, Document, guarded
from shared.stores.engagement_documents import stored_deltas
from shared.stores.posts import metrics_from_document

_KEY = "thinning"
_FIELDS = {"post_id": 1, "at": 1, "metrics": 1}
_ORDER = [("post_id", ASCENDING), ("at", ASCENDING)]


class SeriesStore:
    """Snapshots of whole posts at a time."""

    def __init__(self, db: Db) -> None:
        self._history, self._state = db["X_engagement_history"], db["X_state"]

    @guarded
    def after(self, post_id: str, *, before: str, limit: int) -> dict[str, list[Taken]]:
        """The series of the next posts, by post and time, of about `limit` snapshots: of each post all, or none."""
        query = {"post_id": {"$gt": post_id, "$lt": before}}
        found = list(self._history.find(query, _FIELDS).sort(_ORDER).limit(limit))
        if len(found) == limit:
            last = found[-1]["post_id"]
            whole = [one for one in found if one["post_id"] != last]
            found = whole or list(self._history.find({"post_id": last}, _FIELDS).sort(_ORDER))
        return {of: [_taken(one) for one in series] for of, series in groupby(found, lambda one: str(one["post_id"]))}

    @guarded
    def thin(self, thinned: Iterable[Thinned]) -> int:
        """Take away what goes, in one bulk, after what stays was told anew; answers how many went."""
        told: list[UpdateOne | DeleteMany] = []
        dropped: list[str] = []
        for one in thinned:
            told += [UpdateOne({"_id": id_}, stored_deltas(deltas)) for id_, deltas in one.deltas.items()]
            dropped += one.dropped
        if dropped:
            self._history.bulk_write([*told, DeleteMany({"_id": {"$in": dropped}})], ordered=True)
        return len(dropped)

    @guarded
    def cursor(self, walk: str) -> str:
        """Up to which post a walk has come; empty: it has not begun."""
        found = self._state.find_one({"_id": _KEY}) or {}
        return str(found.get("value", {}).get(walk, ""))

    @guarded
    def move(self, walk: str, post_id: str) -> None:
        """Note up to which post a walk has come."""
        self._state.update_one({"_id": _KEY}, {"$set": {f"value.{walk}": post_id}}, upsert=True)


def _taken(document: Document) -> Taken:
    return Taken(id=document["_id"], at=document["at"], metrics=metrics_from_document(document["metrics"]))
