"""Collections read from end to end for what leaves MongoDB: a stretch of ids at a time, in the order of ids as text.

Each stretch is a query of its own that begins after the last id of the one before: memory and time of a stretch are
bounded however much is stored and however little of it is wanted, and any stretch is a place to go on from. Reads only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pymongo import ASCENDING

from shared.stores.curves import CurveStore, Mark, Span
from shared.stores.database import Db, Document, guarded

_END = "end"


@dataclass(frozen=True, slots=True)
class ByPosts:
    """Only documents of posts that match: the value at `key` is that of `post_key` in one of them, or in its list."""

    key: str
    post_key: str
    query: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Curves:
    """Only snapshots of posts that are found in one of the ways, of a span."""

    ways: tuple[Mapping[str, Any], ...]
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is read. from_id, end_id: ids as text, the end is not among them. fields: those that are fetched.

    curves: read by post and time, in the order in which posts were made; what is passed are posts then.
    """

    collection: str
    query: Mapping[str, Any] = field(default_factory=dict)
    by_posts: ByPosts | None = None
    curves: Curves | None = None
    from_id: str | None = None
    end_id: str | None = None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stretch:
    """Documents that are wanted, of `passed` documents that were looked at; `last_id` says where to go on."""

    documents: list[Document]
    passed: int
    last_id: str


class BatchStore:
    """Reads any collection whose `_id` is text."""

    def __init__(self, db: Db) -> None:
        self._db = db

    @guarded
    def after(self, wanted: Wanted, last_id: str | None, size: int) -> Stretch | None:
        """The stretch of `size` documents after `last_id` (None: the first one); None where there is nothing more."""
        if wanted.curves is not None:
            return self._of_curves(wanted, wanted.curves, last_id, size)
        collection = self._db[wanted.collection]
        span = _span(wanted, last_id)
        if not wanted.query:
            found = list(collection.find(span, _projection(wanted)).sort("_id", ASCENDING).limit(size))
            return Stretch(self._chosen(wanted, found), len(found), found[-1]["_id"]) if found else None
        ids = [one["_id"] for one in collection.find(span, {"_id": 1}).sort("_id", ASCENDING).limit(size)]
        if not ids:
            return None
        stretch = {"_id": {"$gte": ids[0], "$lte": ids[-1]}}
        found = list(
            collection.find({"$and": [stretch, wanted.query]}, _projection(wanted)).sort("_id", 1).hint([("_id", 1)])
        )
        return Stretch(self._chosen(wanted, found), len(ids), ids[-1])

    @guarded
    def total(self, wanted: Wanted) -> int | None:
        """How many documents will be looked at, estimated; None where that is not known."""
        if wanted.from_id or wanted.end_id or wanted.curves:
            return None
        return self._db[wanted.collection].estimated_document_count()

    def _of_curves(self, wanted: Wanted, curves: Curves, last_id: str | None, size: int) -> Stretch | None:
        if last_id == _END:
            return None
        after = Mark.read(last_id) if last_id else None
        store = CurveStore(self._db, wanted.fields)
        page = store.of_subject(curves.ways, curves.span, after=after, size=size, held=False)
        return Stretch(page.snapshots, page.posts, str(page.after) if page.after else _END)

    def _chosen(self, wanted: Wanted, found: list[Document]) -> list[Document]:
        """Those of the documents whose posts match."""
        if wanted.by_posts is None or not found:
            return found
        key, post_key = wanted.by_posts.key, wanted.by_posts.post_key
        match = {"$and": [{post_key: {"$in": list({one.get(key) for one in found})}}, wanted.by_posts.query]}
        steps: list[Document] = [{"$match": match}, {"$unwind": f"${post_key}"}, {"$group": {"_id": f"${post_key}"}}]
        rows = self._db["X_tweets"].aggregate(steps)
        kept = {row["_id"] for row in rows}
        return [one for one in found if one.get(key) in kept]


def _span(wanted: Wanted, last_id: str | None) -> Document:
    bounds: Document = {}
    if last_id is not None:
        bounds["$gt"] = last_id
    elif wanted.from_id is not None:
        bounds["$gte"] = wanted.from_id
    if wanted.end_id is not None:
        bounds["$lt"] = wanted.end_id
    return {"_id": bounds} if bounds else {}


def _projection(wanted: Wanted) -> Document | None:
    return dict.fromkeys(wanted.fields, 1) if wanted.fields else None
