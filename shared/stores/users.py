"""`X_users`: every account that was seen, as X last described it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from pymongo import ASCENDING, UpdateOne

from shared.domain.models import User
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

INDEXES = (Index("X_users", {"username": ASCENDING}),)


class UserStore:
    """Writes accounts in bulk."""

    def __init__(self, db: Db) -> None:
        self._users = db["X_users"]

    @guarded
    def upsert(self, users: Iterable[User], *, now: datetime) -> None:
        """Store accounts in one bulk write."""
        unique = {user.id: user for user in users}
        if not unique:
            return
        self._users.bulk_write(
            [
                UpdateOne({"_id": str(user.id)}, {"$set": {**to_document(user), "last_updated_at": now}}, upsert=True)
                for user in unique.values()
            ],
            ordered=False,
        )

    @guarded
    def fresh_among(self, user_ids: Collection[int], *, since: datetime) -> set[int]:
        """Those of the accounts that X has described since then."""
        query = {"_id": {"$in": [str(one) for one in user_ids]}, "last_updated_at": {"$gte": since}}
        return {int(document["_id"]) for document in self._users.find(query, {"_id": 1})}

    @guarded
    def count(self) -> int:
        """How many accounts are stored (estimated)."""
        return self._users.estimated_document_count()


def to_document(user: User) -> Document:
    """The document of an account, without `_id`; absent values are left out, so a short answer erases nothing."""
    document: Document = {
        "username": user.username,
        "name": user.name,
        "verified": user.verified,
        "verified_type": user.verified_type,
        "protected": user.protected,
        "profile_image_url": user.profile_image_url,
        "public_metrics": user.public_metrics or None,
        "created_at": user.created_at,
        "raw": user.raw,
    }
    if user.description is not None:
        document["bio_snapshot"] = {"description": user.description, "url": user.url, "location": user.location}
    return {name: value for name, value in document.items() if value is not None}
