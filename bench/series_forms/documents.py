"""What the product does: a document a snapshot, its own index; the same with zstd in place of snappy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING, DeleteMany, InsertOne, UpdateOne

from bench.series_forms.world import Read, World
from shared.stores.database import Db, Document

NAMES: Final = (*("like_count", "retweet_count", "reply_count", "quote_count", "bookmark_count", "impression_count"),)
_ORDER: Final = [("post_id", ASCENDING), ("at", ASCENDING)]


class Documents:
    """One document a snapshot. options: of the collection. compared: the field that is read of many posts at once."""

    name = "documents"
    options: Mapping[str, Any] = {}
    compared = "metrics"

    def __init__(self, db: Db) -> None:
        self._db = db
        self.rows = db[self.name.replace(", ", "_")]

    def create(self) -> None:
        """The collection, with the index of the product."""
        self._db.create_collection(self.rows.name, **self.options)
        self.rows.create_index(_ORDER)

    def inserts(self, reads: Sequence[Read]) -> list[Any]:
        """The writes of an answer."""
        return [InsertOne(_document(read)) for read in reads]

    def filling(self, world: World, group: int, number: int) -> list[Any]:
        """The writes of an answer while the collection is filled."""
        return self.inserts(world.answer(group, number))

    def extensions(self, reads: Sequence[Read]) -> list[Any]:
        """The writes of an answer that says nothing new."""
        return [
            UpdateOne({"post_id": read.post_id, "at": read.changed_at}, {"$max": {"through": read.at}})
            for read in reads
        ]

    def newest(self, post_id: str) -> Document | None:
        """The last snapshot of a post."""
        return self.rows.find_one({"post_id": post_id}, sort=[("at", DESCENDING)])

    def first(self, post_id: str) -> Document | None:
        """The first snapshot of a post."""
        return self.rows.find_one({"post_id": post_id}, sort=[("at", ASCENDING)])

    def between(self, post_id: str, since: datetime, until: datetime) -> int:
        """Read the snapshots of a span; answers how many."""
        return len(
            list(self.rows.find({"post_id": post_id, "at": {"$gte": since, "$lt": until}}).sort("at", ASCENDING))
        )

    def newest_of(self, post_ids: Sequence[str]) -> int:
        """Read the last snapshot of each post at once; answers how many."""
        steps: list[Document] = [
            {"$match": {"post_id": {"$in": list(post_ids)}}},
            {"$sort": {"post_id": DESCENDING, "at": DESCENDING}},
            {"$group": {"_id": "$post_id", "at": {"$first": "$at"}, "metrics": {"$first": f"${self.compared}"}}},
        ]
        return len(list(self.rows.aggregate(steps, allowDiskUse=True)))

    def thin(self, post_ids: Sequence[str], every: int) -> None:
        """Leave the last of each `every` snapshots."""
        found: dict[str, list[Document]] = {}
        fields = {"post_id": 1, "metrics": 1}
        for one in self.rows.find({"post_id": {"$in": list(post_ids)}}, fields).sort(_ORDER):
            found.setdefault(one["post_id"], []).append(one)
        gone = [one["_id"] for series in found.values() for one in _going(series, every)]
        told = [
            UpdateOne({"_id": one["_id"]}, {"$set": {"deltas": one["metrics"]}})
            for series in found.values()
            for one in series[every - 1 :: every]
        ]
        if gone:
            self.rows.bulk_write([*told, DeleteMany({"_id": {"$in": gone}})], ordered=True)


class Compressed(Documents):
    """The same, with the greater compression."""

    name = "documents, zstd"
    options: Mapping[str, Any] = {"storageEngine": {"wiredTiger": {"configString": "block_compressor=zstd"}}}


def _going(series: Sequence[Document], every: int) -> list[Document]:
    return [one for place, one in enumerate(series, 1) if place % every]


def _document(read: Read) -> Document:
    grown = (now - before for now, before in zip(read.counts, read.before, strict=True))
    return {
        "_id": f"{read.post_id}:{read.claim}",
        "post_id": read.post_id,
        "at": read.at,
        "metrics": dict(zip(NAMES, read.counts, strict=True)),
        "deltas": dict(zip(NAMES, grown, strict=True)),
        "velocity": read.counts[0] / (read.number + 1) * 1.37,
        "tier": "hot" if read.number < 20 else "cold",
    }
