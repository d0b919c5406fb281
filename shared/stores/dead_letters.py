"""`dead_letters`: jobs that will not run again by themselves, with all a person needs to decide what to do.

A letter's id names one death of one message, so storing it twice leaves one. Its replay:

    (none) --claim--> claimed by one caller for REPLAY_LEASE --sent--> sent, never claimed again
                          | the lease ends first: its caller died
                          v
                      may be claimed anew, with the time of the first claim

Invariant: of callers that replay at the same time, one gets the letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bson.errors import BSONError
from pymongo import ASCENDING, DESCENDING, UpdateOne
from pymongo.errors import BulkWriteError, ConnectionFailure, PyMongoError, WriteError

from shared.domain.errors import InputError
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index
from shared.stores.paging import Key, after

# How long one caller may take to enqueue what it claimed, before another may: several timeouts of Redis.
REPLAY_LEASE = timedelta(seconds=30)

# What a document raises that MongoDB or its driver cannot hold, whatever state the server is in.
_REFUSED = (BSONError, WriteError, ValueError, OverflowError, RecursionError)

_OLDEST_FIRST = [("died_at", ASCENDING), ("_id", ASCENDING)]
_NEWEST_FIRST = [("died_at", DESCENDING), ("_id", DESCENDING)]
_ENDS = {"first": {"$min": "$died_at"}, "last": {"$max": "$died_at"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadFilter:
    """Which letters. Every part that is set must fit; `ids` may be shortened to their first characters.

    exactly: whole ids, and none but these. readable: whether the message could be decoded, and so can be replayed.
    Raises InputError for an empty text, which would fit every letter.
    """

    ids: Sequence[str] = ()
    exactly: Sequence[str] | None = None
    job: str | None = None
    reason: str | None = None
    died_before: datetime | None = None
    died_after: datetime | None = None
    replayed: bool | None = None
    readable: bool | None = None

    def __post_init__(self) -> None:
        """Refuse what would fit more than was meant."""
        if "" in (*self.ids, self.job, self.reason):
            raise InputError("an empty id, job or reason would fit every dead letter; leave it out")
        if any("\0" in text for text in (*self.ids, self.job or "", self.reason or "")):  # no pattern of MongoDB may
            raise InputError("no id, job or reason holds a character of code 0")

    def query(self) -> Document:
        """The filter in MongoDB's terms."""
        query: dict[str, Any] = {}
        if self.ids:
            query["$or"] = [{"_id": {"$regex": f"^{re.escape(dead_id)}"}} for dead_id in self.ids]
        if self.exactly is not None:
            query["_id"] = {"$in": list(self.exactly)}
        if self.job:
            query["job"] = self.job
        if self.reason:
            query["reason"] = {"$regex": re.escape(self.reason)}
        if self.died_before or self.died_after:
            bounds = {"$lt": self.died_before, "$gt": self.died_after}
            query["died_at"] = {operator: moment for operator, moment in bounds.items() if moment}
        if self.replayed is not None:
            query["replay.sent"] = True if self.replayed else {"$ne": True}
        if self.readable is not None:
            query["actor_args"] = {"$ne": None} if self.readable else None
        return query


@dataclass(frozen=True, slots=True)
class Added:
    """Ids of letters. new: stored now and not before. refused: MongoDB or its driver cannot hold them."""

    new: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Letters of one job that died for one reason: how many, and when the first and the last of them did."""

    job: str | None
    reason: str
    count: int
    first: datetime
    last: datetime


INDEXES = (
    Index("dead_letters", dict(_OLDEST_FIRST)),
    Index("dead_letters", {"job": ASCENDING, "reason": ASCENDING}),
    Index("dead_letters", {"actor_args.0.run_id": ASCENDING}, {"sparse": True}),
)


class DeadLetterStore:
    """Stores, finds, claims for replay and purges dead letters."""

    def __init__(self, db: Db) -> None:
        self._letters = db["dead_letters"]

    @guarded
    def add(self, letters: Sequence[Document]) -> Added:
        """Store letters (documents with `_id`) in one bulk write; what is stored already is left alone.

        When that fails while the server is there, they are stored one by one, so that one of them keeps no other away.
        """
        if not letters:
            return Added()
        try:
            changes = [UpdateOne({"_id": letter["_id"]}, {"$setOnInsert": letter}, upsert=True) for letter in letters]
            stored = self._letters.bulk_write(changes, ordered=False)
        except BulkWriteError as error:
            done = {str(row["_id"]) for row in error.details.get("upserted", ())}
            return self._add_singly(letters, done)
        except (PyMongoError, *_REFUSED) as error:
            if isinstance(error, ConnectionFailure) or (isinstance(error, PyMongoError) and error.timeout):
                raise
            return self._add_singly(letters, set())
        return Added(new=frozenset((stored.upserted_ids or {}).values()))

    def _add_singly(self, letters: Sequence[Document], new: set[str]) -> Added:
        """Store those that can be stored; `new` are those that just were."""
        refused: set[str] = set()
        for letter in letters:
            try:
                stored = self._letters.update_one({"_id": letter["_id"]}, {"$setOnInsert": letter}, upsert=True)
            except _REFUSED:
                refused.add(letter["_id"])
            else:
                new |= {letter["_id"]} if stored.upserted_id is not None else set()
        return Added(frozenset(new), frozenset(refused))

    @guarded
    def find(self, which: DeadFilter, *, limit: int) -> list[Document]:
        """The letters that fit, the oldest first."""
        return list(self._letters.find(which.query()).sort(_OLDEST_FIRST).limit(limit))

    @guarded
    def page(self, which: DeadFilter, *, start: Key | None = None, limit: int) -> list[Document]:
        """The letters that fit, the newest first, after the one with this key (`died_at` and id)."""
        query = {"$and": [which.query(), after("died_at", start)]}
        return list(self._letters.find(query).sort(_NEWEST_FIRST).limit(limit))

    @guarded
    def ids(self, which: DeadFilter, *, limit: int) -> list[str]:
        """The ids of the letters that fit, the oldest first."""
        return [
            str(one["_id"]) for one in self._letters.find(which.query(), {"_id": 1}).sort(_OLDEST_FIRST).limit(limit)
        ]

    @guarded
    def groups(self, which: DeadFilter, *, most: int) -> list[Group]:
        """The letters that fit by job and reason, the most frequent first; of the newest `most` letters."""
        stages: list[Document] = [
            {"$match": which.query()},
            {"$sort": dict(_NEWEST_FIRST)},
            {"$limit": most},
            {"$group": {"_id": {"job": "$job", "reason": "$reason"}, "n": {"$sum": 1}, **_ENDS}},
            {"$sort": {"n": DESCENDING, "last": DESCENDING, "_id": ASCENDING}},
        ]
        return [
            Group(
                job=one["_id"].get("job"),
                reason=one["_id"]["reason"],
                count=one["n"],
                first=one["first"],
                last=one["last"],
            )
            for one in self._letters.aggregate(stages)
        ]

    @guarded
    def about(self, *words: str) -> list[Document]:
        """Letters not replayed whose job names one of these posts, files or handles; the newest first, ten at most."""
        named = [
            {f"actor_args.0.{field}": {"$in": list(words)}}
            for field in ("post_ids", "media_key", "usernames", "user_ids")
        ]
        found = self._letters.find({"replay.sent": {"$ne": True}, "$or": named})
        return list(found.sort("died_at", DESCENDING).limit(10))

    @guarded
    def of_runs(self, job: str, run_ids: Sequence[str]) -> list[Document]:
        """The letters of jobs of that name that belong to runs and were not replayed, the oldest first."""
        query = {"job": job, "actor_args.0.run_id": {"$in": list(run_ids)}, "replay.sent": {"$ne": True}}
        return list(self._letters.find(query).sort(_OLDEST_FIRST))

    @guarded
    def count(self, which: DeadFilter) -> int:
        """How many letters fit."""
        return self._letters.count_documents(which.query())

    @guarded
    def newest(self, which: DeadFilter) -> datetime | None:
        """When the last of the letters that fit died; None when none fits."""
        found = self._letters.find_one(which.query(), {"died_at": 1}, sort=[("died_at", DESCENDING)])
        return found["died_at"] if found else None

    @guarded
    def claim_replay(self, which: DeadFilter, *, claim_id: str, now: datetime, limit: int) -> list[Document]:
        """Claim up to `limit` letters that fit, can be read, were not sent and are not claimed; the oldest first.

        None only when there is no such letter. `replay.at` of each is the time of its first claim, so a message made
        from it is the same each time.
        """
        free = {"replay.sent": {"$ne": True}, "replay.until": {"$not": {"$gt": now}}}
        wanted = {"$and": [which.query(), free, {"actor_args": {"$ne": None}}]}
        claim = {"at": {"$ifNull": ["$replay.at", now]}, "by": claim_id, "until": now + REPLAY_LEASE}
        while found := list(self._letters.find(wanted, {"_id": 1}).sort(_OLDEST_FIRST).limit(limit)):
            ids = [letter["_id"] for letter in found]
            self._letters.update_many({"_id": {"$in": ids}, **free}, [{"$set": {"replay": claim}}])
            mine = list(self._letters.find({"_id": {"$in": ids}, "replay.by": claim_id}).sort(_OLDEST_FIRST))
            if mine:
                return mine
        return []

    @guarded
    def replay_sent(self, ids: Iterable[str]) -> None:
        """Note that the replayed messages are in the queue."""
        self._letters.update_many({"_id": {"$in": list(ids)}}, {"$set": {"replay.sent": True}})

    @guarded
    def purge(self, which: DeadFilter) -> int:
        """Forget the letters that fit; answers how many."""
        return self._letters.delete_many(which.query()).deleted_count
