"""MongoDB's time-series collection: the post is the meta field. Differences are left to whoever reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bson import Binary
from pymongo import DeleteMany, InsertOne, UpdateMany

from bench.series_forms.documents import NAMES, Documents
from bench.series_forms.world import READINGS, Read, World
from shared.stores.database import Document


class TimeSeries(Documents):
    """One measurement a snapshot, read as documents are. Its index MongoDB makes by itself from 6.3 on."""

    name = "time series"
    options: Mapping[str, Any] = {"timeseries": {"timeField": "at", "metaField": "post_id", "granularity": "hours"}}
    compared = "like_count"

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
