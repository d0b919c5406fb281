"""`compliance_rounds`: the rounds over all stored posts and accounts, and the ids that each of their batches is about.

A round is written by whoever read its last version, so two workers never move one twice. Invariant: of each kind at
most one round is open (a unique index).
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta

from pymongo import ASCENDING, DESCENDING
from pymongo.errors import DuplicateKeyError

from shared.domain.compliance import Kind
from shared.domain.compliance_rounds import Batch, Round
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

KEPT = timedelta(days=92)
_OPEN = {"ended_at": None}
INDEXES = (
    Index(
        "compliance_rounds", {"kind": ASCENDING}, {"unique": True, "partialFilterExpression": _OPEN}, called="one_open"
    ),
    Index("compliance_rounds", {"kind": ASCENDING, "started_at": DESCENDING}),
    Index("compliance_rounds", {"ended_at": ASCENDING}, {"expireAfterSeconds": int(KEPT.total_seconds())}),
    Index(
        "X_tweets",
        {"_id": ASCENDING, "gone.at": ASCENDING},
        {"partialFilterExpression": {"gone.at": {"$exists": True}}},
        called="gone_by_id",
    ),
)
_STORED = {Kind.POSTS: "X_tweets", Kind.USERS: "X_users"}


class ComplianceStore:
    """Keeps rounds, and reads the ids of a batch a part at a time."""

    def __init__(self, db: Db) -> None:
        self._db, self._rounds = db, db["compliance_rounds"]

    @guarded
    def begin(self, kind: Kind, *, now: datetime) -> bool:
        """Open a round; False where one is open."""
        # Jobs of X are named by it, and other installations may ask with the same app at the same moment.
        one = Round(id=f"{kind.value}-{now:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}", kind=kind, started_at=now)
        try:
            self._rounds.insert_one({"_id": one.id, **_to_document(one), "counts": {}})
        except DuplicateKeyError:
            return False
        return True

    @guarded
    def open(self) -> list[str]:
        """Ids of the rounds that are open."""
        return [one["_id"] for one in self._rounds.find(_OPEN, {"_id": 1})]

    @guarded
    def last_started_at(self, kind: Kind) -> datetime | None:
        """When the latest round of a kind began."""
        found = self._rounds.find_one({"kind": kind.value}, {"started_at": 1}, sort=[("started_at", DESCENDING)])
        return found["started_at"] if found else None

    @guarded
    def get(self, round_id: str) -> Round | None:
        """A round, None where there is none."""
        found = self._rounds.find_one({"_id": round_id})
        return _from_document(found) if found else None

    @guarded
    def move(self, after: Round, *, counts: Mapping[str, int] | None = None) -> bool:
        """Write what became of a round since it was read; False where another one did. counts: what is added up."""
        known = {"_id": after.id, "version": after.version}
        document = {**_to_document(after), "version": after.version + 1}
        added = {f"counts.{name}": number for name, number in (counts or {}).items() if number}
        change: Document = {"$set": document} | ({"$inc": added} if added else {})
        return self._rounds.update_one(known, change).modified_count == 1

    @guarded
    def end_of_batch(self, kind: Kind, after_id: str, *, limit: int) -> tuple[str, int] | None:
        """The last id of the next batch, and how many ids it has; None where nothing is stored behind `after_id`."""
        found = deque(enumerate(self._ids(kind, {"$gt": after_id}, limit), 1), maxlen=1)
        return (found[0][1], found[0][0]) if found else None

    @guarded
    def ids(self, kind: Kind, after_id: str, last_id: str, *, limit: int) -> list[str]:
        """The first ids of a batch, behind `after_id`, as text."""
        return list(self._ids(kind, {"$gt": after_id, "$lte": last_id}, limit))

    @guarded
    def gone(self, after_id: str, last_id: str, *, limit: int) -> list[int]:
        """Posts of a batch that count as gone, by their ids as text, the lowest first."""
        query = {"_id": {"$gt": after_id, "$lte": last_id}, "gone.at": {"$exists": True}}
        found = self._db["X_tweets"].find(query, {"_id": 1}).sort("_id", ASCENDING).limit(limit)
        return [int(one["_id"]) for one in found]

    def _ids(self, kind: Kind, bounds: Document, limit: int) -> Iterator[str]:
        query = {"_id": {**bounds, "$regex": "^[0-9]{1,19}$"}}
        found = self._db[_STORED[kind]].find(query, {"_id": 1}, batch_size=5_000).sort("_id", ASCENDING).limit(limit)
        for one in found:
            yield str(one["_id"])


def _to_document(one: Round) -> Document:
    batch = None if one.batch is None else asdict(one.batch)
    if batch is not None and batch["job_id"] is not None:
        batch["job_id"] = str(batch["job_id"])
    rest = {"kind": one.kind.value, "started_at": one.started_at, "ended_at": one.ended_at, "version": one.version}
    return {**rest, "after_id": one.after_id, "batch": batch, "batches": one.batches}


def _from_document(found: Document) -> Round:
    raw = found["batch"]
    job_id = None if raw is None or raw["job_id"] is None else int(raw["job_id"])
    return Round(
        id=found["_id"],
        kind=Kind(found["kind"]),
        started_at=found["started_at"],
        after_id=found["after_id"],
        batch=None if raw is None else Batch(**{**raw, "job_id": job_id}),
        batches=found["batches"],
        ended_at=found["ended_at"],
        version=found["version"],
    )
