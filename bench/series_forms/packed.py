"""Packed buckets: a document for each span of a post's age, with its readings in one list.

Spans are 0 to 3, 15, 63, 255 and 1023 hours of age, so that a bucket's id follows from a reading alone: no look before
the write, and no second bucket where two write at once. Names are one letter, the claim is binary, and differences are
left to whoever reads: as small as it gets. A reading that is there already is found by its claim.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import log
from typing import Any, Final

from bson import Binary
from pymongo import ASCENDING, DESCENDING, InsertOne, UpdateOne

from bench.series_forms.world import AGES, READINGS, Read, World
from shared.domain.snowflake import created_at
from shared.stores.database import Db, Document

_LETTERS: Final = "lrpqbi"
_HOUR: Final = timedelta(hours=1)


class Packed:
    """One document for a span of a post."""

    name = "packed buckets"

    def __init__(self, db: Db) -> None:
        self._db = db
        self.rows = db["packed"]

    def create(self) -> None:
        """The collection; all is found by `_id`."""
        self._db.create_collection(self.rows.name)

    def inserts(self, reads: Sequence[Read]) -> list[Any]:
        """The writes of an answer."""
        return [
            UpdateOne(
                {"_id": _bucket(read.post_id, read.made_at, read.at), "s.c": {"$ne": _claim(read)}},
                {"$push": {"s": _packed(read)}},
                upsert=True,
            )
            for read in reads
        ]

    def filling(self, world: World, group: int, number: int) -> list[Any]:
        """The writes of an answer while the collection is filled: a bucket whole, when its last reading comes.

        Appending takes seven times of MongoDB's processor, and leaves the same documents; appends are measured apart.
        """
        if number + 1 < READINGS and _span(AGES[number]) == _span(AGES[number + 1]):
            return []
        numbers = [one for one in range(number + 1) if _span(AGES[one]) == _span(AGES[number])]
        series = zip(*(world.answer(group, one) for one in numbers), strict=True)
        return [
            InsertOne({"_id": _bucket(reads[0].post_id, reads[0].made_at, reads[0].at), "s": list(map(_packed, reads))})
            for reads in series
        ]

    def extensions(self, reads: Sequence[Read]) -> list[Any]:
        """The writes of an answer that says nothing new."""
        return [
            UpdateOne(
                {"_id": _bucket(read.post_id, read.made_at, read.changed_at), "s.a": read.changed_at},
                {"$max": {"s.$.u": read.at}},
            )
            for read in reads
        ]

    def newest(self, post_id: str) -> Document | None:
        """The last snapshot of a post."""
        return self._end(post_id, DESCENDING)

    def first(self, post_id: str) -> Document | None:
        """The first snapshot of a post."""
        return self._end(post_id, ASCENDING)

    def between(self, post_id: str, since: datetime, until: datetime) -> int:
        """Read the snapshots of a span; answers how many."""
        made = created_at(int(post_id))
        span = {"$gte": _bucket(post_id, made, since), "$lte": _bucket(post_id, made, until)}
        found = self.rows.find({"_id": span}).sort("_id", ASCENDING)
        return len([one for bucket in found for one in bucket["s"] if since <= one["a"] < until])

    def newest_of(self, post_ids: Sequence[str]) -> int:
        """Read the last snapshot of each post at once; answers how many."""
        ids = [f"{post_id}:{span}" for post_id in post_ids for span in range(6)]
        steps: list[Document] = [
            {"$match": {"_id": {"$in": ids}}},
            {"$sort": {"_id": DESCENDING}},
            {"$group": {"_id": {"$substrBytes": ["$_id", 0, 19]}, "s": {"$first": {"$last": "$s"}}}},
        ]
        return len(list(self.rows.aggregate(steps)))

    def thin(self, post_ids: Sequence[str], every: int) -> None:
        """Leave the last of each `every` snapshots."""
        ids = [f"{post_id}:{span}" for post_id in post_ids for span in range(6)]
        writes = [
            UpdateOne({"_id": one["_id"], "s": {"$size": len(one["s"])}}, {"$set": {"s": one["s"][every - 1 :: every]}})
            for one in self.rows.find({"_id": {"$in": ids}})
        ]
        if writes:
            self.rows.bulk_write(writes, ordered=False)

    def _end(self, post_id: str, order: int) -> Document | None:
        span = {"$gte": f"{post_id}:0", "$lte": f"{post_id}:9"}
        part = {"s": {"$slice": -1 if order == DESCENDING else 1}}
        return self.rows.find_one({"_id": span}, part, sort=[("_id", order)])


def _bucket(post_id: str, made: datetime, at: datetime) -> str:
    return f"{post_id}:{_span(at - made)}"


def _span(age: timedelta) -> int:
    return min(int(log(age / _HOUR + 1, 4)), 5)


def _claim(read: Read) -> Binary:
    return Binary(bytes.fromhex(read.claim))


def _packed(read: Read) -> Document:
    counts = dict(zip(_LETTERS, read.counts, strict=True))
    velocity = read.counts[0] / (read.number + 1) * 1.37
    return {"a": read.at, **counts, "v": velocity, "t": "h" if read.number < 20 else "c", "c": _claim(read)}
