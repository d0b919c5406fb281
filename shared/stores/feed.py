"""`feed`: the events of each tenant by number; and the marks of what is not in it yet.

    unfed in `mentions`, `X_tweets`, `gaps` --take--> what to enter --append--> numbered --clear--> (no mark)

Numbers are given by trying: the next ones after the greatest, in order, each by a unique index. Of two that number at
once one is refused and tries behind the other, so no number is there before the one below it. A crash between append
and clear leaves marks; what is entered already is known by its id. `feed_heads` has the greatest number of a tenant,
for when all that was entered is older than it is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING
from pymongo.errors import BulkWriteError
from pymongo.read_concern import ReadConcern

from shared.domain.feed import KEEP, Event, EventType, Numbered
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

_THERE: Final = {"$exists": True}


def _marks(collection: str, field: str, called: str) -> Index:
    return Index(collection, {field: ASCENDING}, {"partialFilterExpression": {field: _THERE}}, called=called)


INDEXES = (
    Index("feed", {"tenant": ASCENDING, "number": ASCENDING}, {"unique": True}),
    Index("feed", {"fed_at": ASCENDING}, {"expireAfterSeconds": int(KEEP.total_seconds())}),
    Index("feed", {"subject": ASCENDING}),
    _marks("mentions", "unfed", "unfed"),
    _marks("X_tweets", "gone.unfed", "unfed_gone"),
    _marks("X_tweets", "unfed", "unfed"),
    _marks("gaps", "unfed", "unfed"),
)
DUPLICATE_KEY: Final = 11000
TRIES: Final = 50


@dataclass(frozen=True, slots=True)
class Mark:
    """Where marks lie. field: holds the time of the event, and is cleared. kept: fields that are taken along."""

    collection: str
    field: str
    kept: tuple[str, ...]


MARKS: Final = {
    EventType.POST_CREATED: Mark("mentions", "unfed", ("tenant_id", "external_id")),
    EventType.POST_GONE: Mark("X_tweets", "gone.unfed", ("gone",)),
    EventType.POST_EDITED: Mark("X_tweets", "unfed", ("superseded_by",)),
    EventType.GAP: Mark("gaps", "unfed", ("members", "reason", "state", "from_at", "to_at")),
}


class FeedStore:
    """Takes what is marked, numbers events, and reads them by number."""

    def __init__(self, db: Db) -> None:
        self._db = db
        self._heads, self._feed = db["feed_heads"], db["feed"]
        # What a reader has seen must not be taken back by a server that takes over.
        self._read = self._feed.with_options(read_concern=ReadConcern("majority"))

    @guarded
    def marked(self, kind: EventType, *, limit: int) -> list[Document]:
        """What is marked, the oldest first: `_id`, the mark's field, and what is taken along."""
        mark = MARKS[kind]
        wanted = dict.fromkeys((mark.field.partition(".")[0], *mark.kept), 1)
        return list(self._db[mark.collection].find({mark.field: _THERE}, wanted).sort(mark.field, 1).limit(limit))

    @guarded
    def clear(self, kind: EventType, ids: Sequence[str], *, through: datetime) -> None:
        """Take marks away that were set until then; one that was set anew since stays."""
        mark = MARKS[kind]
        wanted = {"_id": {"$in": list(ids)}, mark.field: {"$lte": through}}
        self._db[mark.collection].update_many(wanted, {"$unset": {mark.field: ""}})

    @guarded
    def tenants_of(self, post_ids: Sequence[str]) -> dict[str, list[str]]:
        """Whose feed tells of a post: the tenants that have a mention of it."""
        found: dict[str, list[str]] = {}
        wanted = {"external_id": {"$in": list(post_ids)}}
        for one in self._db["mentions"].find(wanted, {"external_id": 1, "tenant_id": 1}):
            found.setdefault(one["external_id"], []).append(one["tenant_id"])
        return found

    @guarded
    def append(self, tenant: str, events: Sequence[Event], *, now: datetime) -> int:
        """Enter events of a tenant, in this order; answers how many were not there. Raises StoreUnavailable where
        others were always faster.
        """
        entered = 0
        for _ in range(TRIES):
            ids = [event.id for event in events]
            known = {one["_id"] for one in self._feed.find({"_id": {"$in": ids}}, {"_id": 1})}
            new = list({event.id: event for event in events if event.id not in known}.values())
            if not new:
                return entered
            first = self._greatest(tenant) + 1
            documents = [_document(one, number, now) for number, one in enumerate(new, first)]
            try:
                self._feed.insert_many(documents, ordered=True)
                done = len(documents)
            except BulkWriteError as error:
                if any(one["code"] != DUPLICATE_KEY for one in error.details["writeErrors"]):
                    raise
                done = error.details["nInserted"]
            entered += done
            if done:
                head = {"$max": {"number": first + done - 1}}
                self._heads.update_one({"_id": tenant}, head, upsert=True)
        return entered

    @guarded
    def after(self, tenant: str, number: int, *, types: Collection[EventType], limit: int) -> list[Numbered]:
        """Events behind a number, in order."""
        wanted: Document = {"tenant": tenant, "number": {"$gt": number}}
        if len(types) < len(EventType):
            wanted["type"] = {"$in": [one.value for one in types]}
        return [_numbered(one) for one in self._read.find(wanted).sort("number", ASCENDING).limit(limit)]

    @guarded
    def bounds(self, tenant: str) -> tuple[int, int]:
        """The numbers that are kept, from and through; (n + 1, n) where none of those up to n is."""
        oldest = self._read.find_one({"tenant": tenant}, {"number": 1}, sort=[("number", ASCENDING)])
        newest = self._greatest(tenant)
        return (newest + 1 if oldest is None else oldest["number"], newest)

    @guarded
    def number_before(self, tenant: str, at: datetime) -> int:
        """The number behind which all is that was entered from that time on. Looks at few events, however many there
        are: numbers and times go up together.
        """
        low, high = self.bounds(tenant)
        while low <= high:
            middle = (low + high) // 2
            wanted = {"tenant": tenant, "number": {"$gte": middle}}
            found = self._read.find_one(wanted, {"number": 1, "fed_at": 1}, sort=[("number", ASCENDING)])
            if found is None or found["fed_at"] >= at:
                high = middle - 1
            else:
                low = found["number"] + 1
        return low - 1

    @guarded
    def oldest_mark(self) -> datetime | None:
        """Since when what waits longest waits; None where nothing does."""
        first = [self.marked(kind, limit=1) for kind in MARKS]
        return min(
            (marked_at(kind, one) for kind, found in zip(MARKS, first, strict=True) for one in found), default=None
        )

    def _greatest(self, tenant: str) -> int:
        newest = self._feed.find_one({"tenant": tenant}, {"number": 1}, sort=[("number", DESCENDING)])
        head = self._heads.find_one({"_id": tenant})
        return max(one["number"] if one else 0 for one in (newest, head))


def marked_at(kind: EventType, document: Document) -> datetime:
    """When what is marked happened."""
    return _at(document, MARKS[kind].field)


def _at(document: Document, field: str) -> datetime:
    value: Any = document
    for step in field.split("."):
        value = value[step]
    at: datetime = value
    return at


def _document(event: Event, number: int, now: datetime) -> Document:
    return {
        "_id": event.id,
        "tenant": event.tenant,
        "number": number,
        "type": event.type.value,
        "subject": event.subject,
        "at": event.at,
        "fed_at": now,
        "data": dict(event.data),
    }


def _numbered(found: Document) -> Numbered:
    event = Event(
        id=found["_id"],
        tenant=found["tenant"],
        type=EventType(found["type"]),
        subject=found["subject"],
        at=found["at"],
        data=found["data"],
    )
    return Numbered(found["number"], event, found["fed_at"])
