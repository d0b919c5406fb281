"""`idempotency`: what a request with an Idempotency-Key was answered, for a day.

    (none) --claim--> running --store--> answered        running --its lease ends (the process died)--> (none)

The unique `_id` is the lock. Invariant: while a claim holds, no second request with its key is carried out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from bson import Binary
from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

KEEP: Final = timedelta(hours=24)
# Longer than any request may take.
LEASE: Final = timedelta(minutes=2)
# A document of MongoDB is at most 16 MB; what is longer is not kept, and carried out again.
LONGEST_BODY: Final = 8_000_000
INDEXES = (Index("idempotency", {"at": ASCENDING}, {"expireAfterSeconds": int(KEEP.total_seconds())}),)


@dataclass(frozen=True, slots=True)
class Stored:
    """What a key was used for. status: of the answer; None while the first request with it runs."""

    digest: str
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class IdempotencyStore:
    """`_id` is `tenant|METHOD path|key`."""

    def __init__(self, db: Db) -> None:
        self._keys = db["idempotency"]

    @guarded
    def claim(self, key: str, *, digest: str, now: datetime) -> Stored | None:
        """Take the key for a request whose body has that digest; None: taken. Else what it was used for."""
        claimed = {"digest": digest, "at": now, "until": now + LEASE, "status": None}
        stale = {"_id": key, "status": None, "until": {"$lte": now}}
        if self._keys.update_one(stale, {"$set": claimed}).matched_count:
            return None
        try:
            self._keys.insert_one({"_id": key, **claimed})
        except DuplicateKeyError:
            found = self._keys.find_one({"_id": key})
            return Stored(digest) if found is None else _stored(found)
        return None

    @guarded
    def store(self, key: str, *, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Keep the answer; a long one is forgotten."""
        if len(body) > LONGEST_BODY:
            return self.forget(key)
        answer = {"status": status, "headers": dict(headers), "body": Binary(body)}
        self._keys.update_one({"_id": key}, {"$set": answer})
        return None

    @guarded
    def forget(self, key: str) -> None:
        """Let the key be used again: nothing was done."""
        self._keys.delete_one({"_id": key, "status": None})


def _stored(found: Document) -> Stored:
    return Stored(found["digest"], found["status"], found.get("headers", {}), bytes(found.get("body", b"")))
