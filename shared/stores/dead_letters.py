"""`dead_letters`: jobs that will not run again by themselves, with all a person needs to decide what to do.

A letter's id names one death of one message, so storing it twice leaves one. A replay is claimed on the letter before
the message is made, under an id of its own, so replaying twice runs the job once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, UpdateOne

from shared.stores.database import Db, Document, guarded


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadFilter:
    """Which letters. Every part that is set must fit; `ids` may be shortened to their first characters."""

    ids: Sequence[str] = ()
    job: str | None = None
    reason: str | None = None
    died_before: datetime | None = None
    replayed: bool | None = None

    def query(self) -> Document:
        """The filter in MongoDB's terms."""
        query: dict[str, Any] = {}
        if self.ids:
            query["$or"] = [{"_id": {"$regex": f"^{re.escape(dead_id)}"}} for dead_id in self.ids]
        if self.job:
            query["job"] = self.job
        if self.reason:
            query["reason"] = {"$regex": re.escape(self.reason)}
        if self.died_before:
            query["died_at"] = {"$lt": self.died_before}
        if self.replayed is not None:
            query["replay"] = {"$exists": self.replayed}
        return query


class DeadLetterStore:
    """Stores, finds, claims for replay and purges dead letters."""

    def __init__(self, db: Db) -> None:
        self._letters = db["dead_letters"]

    @guarded
    def ensure_indexes(self) -> None:
        """Indexes by time, by job and by reason."""
        self._letters.create_index([("died_at", ASCENDING)])
        self._letters.create_index([("job", ASCENDING), ("reason", ASCENDING)])

    @guarded
    def add(self, letters: Sequence[Document]) -> None:
        """Store letters (documents with `_id`) in one bulk write; what is stored already is left alone."""
        if letters:
            self._letters.bulk_write(
                [UpdateOne({"_id": letter["_id"]}, {"$setOnInsert": letter}, upsert=True) for letter in letters],
                ordered=False,
            )

    @guarded
    def find(self, which: DeadFilter, *, limit: int) -> list[Document]:
        """The letters that fit, the oldest first."""
        return list(self._letters.find(which.query()).sort("died_at", ASCENDING).limit(limit))

    @guarded
    def count(self, which: DeadFilter) -> int:
        """How many letters fit."""
        return self._letters.count_documents(which.query())

    @guarded
    def claim_replay(self, ids: Sequence[str], *, now: datetime) -> list[Document]:
        """Note on letters that they are replayed, unless that was noted before; answers them with their first note.

        A replay that was noted and interrupted is answered again with the same time, so it can be carried out again.
        """
        self._letters.update_many(
            {"_id": {"$in": list(ids)}, "replay": {"$exists": False}}, {"$set": {"replay": {"at": now}}}
        )
        return list(self._letters.find({"_id": {"$in": list(ids)}, "replay.sent": {"$exists": False}}))

    @guarded
    def replay_sent(self, ids: Iterable[str]) -> None:
        """Note that the replayed messages are in the queue."""
        self._letters.update_many({"_id": {"$in": list(ids)}}, {"$set": {"replay.sent": True}})

    @guarded
    def purge(self, which: DeadFilter) -> int:
        """Forget the letters that fit; answers how many."""
        return self._letters.delete_many(which.query()).deleted_count
