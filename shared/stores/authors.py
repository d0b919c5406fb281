"""`authors_wanted`: accounts that wrote a post and are not known, or not freshly, until X has been asked about them.

A claim moves `due_at` forward by a lease, so a lost job's authors become due again. An author that X did not return is
kept for a week, so that the next page with a post of theirs does not ask again at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from pymongo import ASCENDING, UpdateOne

from shared.stores.database import Db, guarded
from shared.stores.indexes import Index

KEEP_MISSING = timedelta(days=7)


INDEXES = (
    Index("authors_wanted", {"due_at": ASCENDING}),
    Index("authors_wanted", {"missing_at": ASCENDING}, {"expireAfterSeconds": int(KEEP_MISSING.total_seconds())}),
)


class AuthorStore:
    """`_id` is the account's id."""

    def __init__(self, db: Db) -> None:
        self._wanted = db["authors_wanted"]

    @guarded
    def want(self, user_ids: Collection[int], *, now: datetime, run_id: str | None = None) -> None:
        """Note authors that are to be looked up, in one bulk write; those noted before stay as they are.

        run_id: the request that pays for it.
        """
        wanted = {"wanted_at": now, "due_at": now} | ({"run_id": run_id} if run_id else {})
        if user_ids:
            self._wanted.bulk_write(
                [UpdateOne({"_id": str(one)}, {"$setOnInsert": wanted}, upsert=True) for one in user_ids],
                ordered=False,
            )

    @guarded
    def claim(self, *, now: datetime, lease: timedelta, limit: int) -> dict[str | None, list[int]]:
        """Up to `limit` authors that are due, the longest first, by the run that pays (None: none does).

        They are due again after `lease`.
        """
        due = self._wanted.find({"due_at": {"$lte": now}}, {"run_id": 1}).sort("due_at", ASCENDING).limit(limit)
        claimed: dict[str | None, list[int]] = {}
        for document in due:
            claimed.setdefault(document.get("run_id"), []).append(int(document["_id"]))
        ids = [str(one) for some in claimed.values() for one in some]
        if ids:
            self._wanted.update_many({"_id": {"$in": ids}}, {"$set": {"due_at": now + lease}})
        return claimed

    @guarded
    def found(self, user_ids: Collection[int]) -> None:
        """They are known now."""
        if user_ids:
            self._wanted.delete_many({"_id": {"$in": [str(one) for one in user_ids]}})

    @guarded
    def missing(self, reasons: Mapping[int, str], *, now: datetime, again_at: datetime) -> None:
        """X gave no account (id -> why); they are due again then."""
        if reasons:
            self._wanted.bulk_write(
                [
                    UpdateOne({"_id": str(one)}, {"$set": {"missing": why, "missing_at": now, "due_at": again_at}})
                    for one, why in reasons.items()
                ],
                ordered=False,
            )

    @guarded
    def count_of_runs(self) -> dict[str, int]:
        """How many authors each run still wants."""
        query = {"missing_at": None, "run_id": {"$exists": True}}
        rows = self._wanted.aggregate([{"$match": query}, {"$group": {"_id": "$run_id", "n": {"$sum": 1}}}])
        return {row["_id"]: row["n"] for row in rows}

    @guarded
    def count(self) -> int:
        """How many authors are wanted."""
        return self._wanted.count_documents({"missing_at": None})
