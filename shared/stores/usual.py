"""`X_usual`: how fast an account's posts usually are, by their age: a document of constant size for each account.

Two workers may learn at once; then one post is not counted, which moves a mean by less than a tenth. A page that is
delivered twice may count one twice, which is as little. Forgotten with the account, or three months after its last
post.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from pymongo import ASCENDING, UpdateOne

from shared.domain.engagement.surges import Usual
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

KEPT = timedelta(days=92)
INDEXES = (Index("X_usual", {"at": ASCENDING}, {"expireAfterSeconds": int(KEPT.total_seconds())}),)
Key = tuple[int, int]
"""An account and a band."""


class UsualStore:
    """`_id` is the account's id."""

    def __init__(self, db: Db) -> None:
        self._usual = db["X_usual"]

    @guarded
    def of(self, author_ids: Collection[int]) -> dict[Key, Usual]:
        """What is usual of accounts, by account and band."""
        if not author_ids:
            return {}
        found = self._usual.find({"_id": {"$in": [str(author) for author in author_ids]}})
        return {
            (int(one["_id"]), int(band)): Usual(value["velocity"], value["posts"])
            for one in found
            for band, value in one["bands"].items()
        }

    @guarded
    def learn(self, usual: Mapping[Key, Usual], *, now: datetime) -> None:
        """Write what is usual since."""
        changes: dict[int, Document] = {}
        for (author, band), one in usual.items():
            value = {"velocity": one.velocity, "posts": one.posts}
            changes.setdefault(author, {"at": now})[f"bands.{band}"] = value
        writes = [UpdateOne({"_id": str(author)}, {"$set": values}, upsert=True) for author, values in changes.items()]
        if writes:
            self._usual.bulk_write(writes, ordered=False)
