"""`intervals`: which spans of each stream were read, by which route, when, and whether they were looked at again.

A day of a stream ends as one document: what was read again takes the place of the sweeps that read it first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from pymongo import ASCENDING, DESCENDING, UpdateOne

from shared.domain.coverage.intervals import Check, Interval, Reread
from shared.domain.coverage.sweeps import ReadBy
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

INDEXES = (
    Index("intervals", {"stream": ASCENDING, "from_at": ASCENDING}),
    Index("intervals", {"from_at": ASCENDING, "to_at": ASCENDING}),
    Index(
        "intervals",
        {"to_at": ASCENDING},
        {"partialFilterExpression": {"check": Check.WAITING.value}},
        called="waiting_by_end",
    ),
)

_SECONDS: Document = {"$divide": [{"$subtract": ["$to_at", "$from_at"]}, 1000]}


class Read(NamedTuple):
    """What was read of a stream: for so many of its members, or for all (0)."""

    stream: str
    members: int
    length: timedelta
    posts: int


class IntervalStore:
    """Adds what was read; an interval that is added twice is there once."""

    def __init__(self, db: Db) -> None:
        self._intervals = db["intervals"]

    @guarded
    def add(self, *intervals: Interval) -> None:
        """Note that spans were read and stored.

        A sweep whose job comes again may have read further than was noted before the crash: then its span reaches as
        far.
        """
        self._intervals.bulk_write([_noted(one) for one in intervals], ordered=False)

    @guarded
    def get(self, interval_id: str) -> Interval | None:
        """The interval, None for an unknown id."""
        document = self._intervals.find_one({"_id": interval_id})
        return _from_document(document) if document else None

    @guarded
    def of(
        self, streams: Iterable[str], *, from_at: datetime | None = None, to_at: datetime | None = None
    ) -> list[Interval]:
        """What was read of streams, of all time or of what touches a window; by time."""
        query: Document = {"stream": {"$in": list(streams)}}
        if to_at is not None:
            query["from_at"] = {"$lt": to_at}
        if from_at is not None:
            query["to_at"] = {"$gt": from_at}
        return [_from_document(document) for document in self._intervals.find(query).sort("from_at", ASCENDING)]

    @guarded
    def read(self, streams: Iterable[str], *, since: datetime) -> list[Read]:
        """How much time of streams was read, of what begins since then; a row for each stream and number of members."""
        whose: Document = {"stream": "$stream", "members": {"$size": {"$ifNull": ["$members", []]}}}
        stages: list[Document] = [
            {"$match": {"stream": {"$in": list(streams)}, "from_at": {"$gte": since}}},
            {"$group": {"_id": whose, "seconds": {"$sum": _SECONDS}, "posts": {"$sum": "$posts"}}},
        ]
        return [
            Read(row["_id"]["stream"], row["_id"]["members"], timedelta(seconds=row["seconds"]), row["posts"])
            for row in self._intervals.aggregate(stages)
        ]

    @guarded
    def around(self, moment: datetime, limit: int = 100) -> list[Interval]:
        """What was read of a moment, by whichever stream."""
        found = self._intervals.find({"from_at": {"$lte": moment}, "to_at": {"$gte": moment}}).limit(limit)
        return [_from_document(document) for document in found]

    @guarded
    def waiting(self, *, before: datetime, limit: int) -> list[Interval]:
        """Intervals that end before a moment and were not read again, those that wait longest first."""
        found = self._intervals.find({"check": Check.WAITING.value, "to_at": {"$lte": before}})
        return [_from_document(document) for document in found.sort("to_at", ASCENDING).limit(limit)]

    @guarded
    def verified_until(self, stream_id: str, at: datetime) -> Interval | None:
        """The verified interval of a stream that ends at a moment, if there is one."""
        found = self._intervals.find({"stream": stream_id, "from_at": {"$lt": at}}).sort("from_at", DESCENDING).limit(8)
        fits = (one for one in map(_from_document, found) if one.to_at == at and one.check is Check.VERIFIED)
        return next(fits, None)

    @guarded
    def put_in_place(self, interval: Interval, of: Iterable[str]) -> None:
        """Put one interval in the place of others: it is there before they go, so that nothing counts as unread."""
        self._intervals.update_one({"_id": interval.id}, {"$setOnInsert": _to_document(interval)}, upsert=True)
        self._intervals.delete_many({"_id": {"$in": [one for one in of if one != interval.id]}})

    @guarded
    def copy(self, stream_id: str, *, to: str, members: Iterable[str]) -> None:
        """Note what was read of a stream for another one too, to which some members move; again changes nothing.

        What is to be read again is so by both. How many posts there were stays noted once.
        """
        moving = set(members)
        copies = [
            replace(one, id=f"{one.id}>{to}", stream=to, posts=0, late=0, members=whose)
            for one in self.of([stream_id])
            if (whose := None if one.members is None else tuple(sorted(moving.intersection(one.members)))) != ()
        ]
        if copies:
            self.add(*copies)

    @guarded
    def give_up(self, reread: Reread) -> None:
        """Let the intervals stand as they are, not verified."""
        ids = [one.id for one in reread.of]
        self._intervals.update_many(
            {"_id": {"$in": ids}, "check": Check.WAITING.value}, {"$set": {"check": Check.NOT_VERIFIED.value}}
        )

    @guarded
    def seconds_waiting(self, *, before: datetime, resting: Iterable[str] = ()) -> float:
        """How much time of all streams but resting ones ends before a moment and still waits to be read again, in
        seconds.
        """
        stages: list[Document] = [
            {"$match": {"check": Check.WAITING.value, "to_at": {"$lte": before}, "stream": {"$nin": list(resting)}}},
            {"$group": {"_id": None, "seconds": {"$sum": _SECONDS}}},
        ]
        return next((float(row["seconds"]) for row in self._intervals.aggregate(stages)), 0.0)


def _noted(interval: Interval) -> UpdateOne:
    document = _to_document(interval)
    least = {"from_at": document.pop("from_at")}
    greatest = {name: document.pop(name) for name in ("to_at", "read_at")}
    return UpdateOne({"_id": interval.id}, {"$setOnInsert": document, "$min": least, "$max": greatest}, upsert=True)


def _to_document(interval: Interval) -> Document:
    return {
        "stream": interval.stream,
        "from_at": interval.from_at,
        "to_at": interval.to_at,
        "route": interval.route.value,
        "read_at": interval.read_at,
        "posts": interval.posts,
        "late": interval.late,
        "check": interval.check.value,
        "members": None if interval.members is None else list(interval.members),
    }


def _from_document(document: Document) -> Interval:
    return Interval(
        id=document["_id"],
        stream=document["stream"],
        from_at=document["from_at"],
        to_at=document["to_at"],
        route=ReadBy(document["route"]),
        read_at=document["read_at"],
        posts=document["posts"],
        late=document["late"],
        check=Check(document["check"]),
        members=None if document["members"] is None else tuple(document["members"]),
    )
