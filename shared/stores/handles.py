"""`X_tracked_handles`: the accounts a person asked to follow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from pymongo import ASCENDING, UpdateOne

from shared.domain.models import User
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

# Reasons with which X denies an account (`shared.domain.models.UserLookup.missing`).
DENIED = ["not-found", "suspended", "protected"]


INDEXES = (
    Index("X_tracked_handles", {"user_id": ASCENDING}, {"sparse": True}),
    Index("X_tracked_handles", {"active": ASCENDING, "username": ASCENDING}),
)


class HandleStore:
    """`_id` is the name in lower case; `username` keeps the case the person or X wrote."""

    def __init__(self, db: Db) -> None:
        self._handles = db["X_tracked_handles"]

    @guarded
    def active_among(self, usernames: Iterable[str]) -> set[str]:
        """Those of the names (lower case) that are followed now."""
        names = [name.lower() for name in usernames]
        return {d["_id"] for d in self._handles.find({"_id": {"$in": names}, "active": True}, {"_id": 1})}

    @guarded
    def activate(self, usernames: Sequence[str], *, now: datetime) -> None:
        """Follow the accounts, from now on or again."""
        if not usernames:
            return
        self._handles.bulk_write(
            [
                UpdateOne(
                    {"_id": name.lower()},
                    {
                        "$set": {"active": True, "updated_at": now},
                        "$setOnInsert": {"username": name, "user_id": None, "created_at": now},
                    },
                    upsert=True,
                )
                for name in usernames
            ],
            ordered=False,
        )

    @guarded
    def deactivate(self, usernames: Iterable[str], *, now: datetime) -> None:
        """Follow the accounts no longer; what was collected stays."""
        names = [name.lower() for name in usernames]
        self._handles.update_many({"_id": {"$in": names}}, {"$set": {"active": False, "updated_at": now}})

    @guarded
    def learn(self, users: Iterable[User], *, now: datetime) -> None:
        """Note the ids of accounts that came along with posts or a look-up; others than the followed are ignored."""
        writes = [
            UpdateOne(
                {
                    "_id": user.username.lower(),
                    "$or": [{"user_id": {"$ne": str(user.id)}}, {"missing": {"$exists": True}}],
                },
                {
                    "$set": {"user_id": str(user.id), "username": user.username, "updated_at": now},
                    "$unset": {"missing": ""},
                },
            )
            for user in {user.id: user for user in users}.values()
        ]
        if writes:
            self._handles.bulk_write(writes, ordered=False)

    @guarded
    def note_missing(self, missing: dict[str, str], *, now: datetime) -> None:
        """Note why X gave no account for a name (name in lower case -> reason)."""
        writes = [
            UpdateOne({"_id": name.lower()}, {"$set": {"missing": reason, "updated_at": now}})
            for name, reason in missing.items()
        ]
        if writes:
            self._handles.bulk_write(writes, ordered=False)

    @guarded
    def unresolved(self, *, before: datetime) -> list[str]:
        """Names followed since before that moment whose account X has neither given nor denied.

        Only DENIED is X's word; every other reason is a passing fault, and the name is asked for again.
        """
        query = {"active": True, "user_id": None, "missing": {"$nin": DENIED}, "updated_at": {"$lt": before}}
        return [document["username"] for document in self._handles.find(query).sort("_id", 1)]

    @guarded
    def active_user_ids(self) -> list[int]:
        """Account ids of everyone who is followed, as far as they are known."""
        found = self._handles.find({"active": True, "user_id": {"$ne": None}}, {"user_id": 1})
        return [int(document["user_id"]) for document in found]

    @guarded
    def all(self, *, active_only: bool = False) -> list[Document]:
        """Every account, by name."""
        return list(self._handles.find({"active": True} if active_only else {}).sort("_id", 1))
