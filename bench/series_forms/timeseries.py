"""MongoDB's time-series collection: the post is the meta field. Differences are left to whoever reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bson import Binary
from pymongo import ASCENDING, DESCENDING, DeleteMany, InsertOne, UpdateMany

from bench.series_forms.documents import NAMES
from bench.series_forms.world import READINGS, Read, World
from shared.stores.database import Db, Document


class TimeSeries:
    """One measurement a snapshot."""

    name = "time series"

    def __init__(self, db: Db) -> None:
        self._db = db
        self.rows = db["timeseries"]

    def create(self) -> None:
        """The collection, and the index that MongoDB makes by itself from 6.3 on."""
        kind = {"timeField": "at", "metaField": "post_id", "granularity": "hours"}
        self._db.create_collection(self.rows.name, timeseries=kind)
        self.rows.create_index([("post_id", ASCENDING), ("at", ASCENDING)])

    def inserts(self, reads: Sequence[Read]) -> list[Any]:
        """The writes of an answer. Nothing keeps one from being written twice: there are no unique indexes."""
        return [InsertOne(_measured(read)) for read in reads]

    def filling(self, world: World, group: int, number: int) -> list[Any]:
        """The writes of an answer while the collection is filled: whole series, when the last reading comes.

        As good for its buckets as can be: a post's readings lie in one. In the order in which answers come it takes
        MongoDB nine times of the processor; how fast that is, is measured apart.
        """
        if number + 1 < READINGS:
            return []
        return [
            one
            for reads in zip(*(world.answer(group, one) for one in range(READINGS)), strict=True)
            for one in self.inserts(reads)
        ]

    def extensions(self, reads: Sequence[Read]) -> list[Any]:
        """The writes of an answer that says nothing new; MongoDB refuses them."""
        return [
            UpdateMany({"post_id": read.post_id, "at": read.changed_at}, {"$max": {"through": read.at}})
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
            {"$group": {"_id": "$post_id", "at": {"$first": "$at"}, "metrics": {"$first": "$like_count"}}},
        ]
        return len(list(self.rows.aggregate(steps, allowDiskUse=True)))

    def thin(self, post_ids: Sequence[str], every: int) -> None:
        """Leave the last of each `every` snapshots; MongoDB 6 refuses it."""
        found: dict[str, list[datetime]] = {}
        for one in self.rows.find({"post_id": {"$in": list(post_ids)}}, {"_id": 0, "post_id": 1, "at": 1}):
            found.setdefault(one["post_id"], []).append(one["at"])
        gone = {
            post_id: [at for place, at in enumerate(sorted(times), 1) if place % every]
            for post_id, times in found.items()
        }
        self.rows.bulk_write(
            [DeleteMany({"post_id": post_id, "at": {"$in": times}}) for post_id, times in gone.items()], ordered=False
        )


def _measured(read: Read) -> Document:
    return {
        "post_id": read.post_id,
        "at": read.at,
        **dict(zip(NAMES, read.counts, strict=True)),
        "velocity": read.counts[0] / (read.number + 1) * 1.37,
        "tier": "hot" if read.number < 20 else "cold",
        "claim": Binary(bytes.fromhex(read.claim)),
    }
