"""The fields of `X_tracked_handles` that say how each followed account stands on X, and when it is looked at next.

Must not decide what X's word leads to: `domain.coverage.accounts` does. Invariant: an account is followed under one of
its names at every moment; a crash leaves one name too many, never none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from pymongo import ASCENDING, UpdateOne

from shared.domain.coverage.accounts import Account, AccountState, Renamed
from shared.domain.jobs import GREATEST_ID
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

INDEXES = (Index("X_tracked_handles", {"active": ASCENDING, "look_at": ASCENDING}),)


class AccountStore:
    """Claims the accounts that are due, and keeps X's word on them."""

    def __init__(self, db: Db) -> None:
        self._handles = db["X_tracked_handles"]

    @guarded
    def claim(self, *, now: datetime, lease: timedelta, limit: int) -> list[int]:
        """Ids of up to `limit` followed accounts that are to be looked at, the longest due first; due again after
        `lease`."""
        due = {"active": True, "look_at": {"$not": {"$gt": now}}, "user_id": {"$ne": None}}
        found = list(self._handles.find(due, {"user_id": 1}).sort("look_at", ASCENDING).limit(limit))
        if found:
            ids = [document["_id"] for document in found]
            self._handles.update_many({"_id": {"$in": ids}}, {"$set": {"look_at": now + lease}})
        return sorted(user_id for user_id in {int(one["user_id"]) for one in found} if user_id <= GREATEST_ID)

    @guarded
    def followed(self, user_ids: Collection[int]) -> list[Account]:
        """The followed accounts with these ids."""
        query = {"active": True, "user_id": {"$in": [str(user_id) for user_id in user_ids]}}
        return [_account(document) for document in self._handles.find(query).sort("_id", 1)]

    @guarded
    def holders(self, usernames: Iterable[str]) -> dict[str, int]:
        """Of the names that are followed (lower case) the ids, as far as they are known."""
        query = {"_id": {"$in": [name.lower() for name in usernames]}, "active": True, "user_id": {"$ne": None}}
        return {document["_id"]: int(document["user_id"]) for document in self._handles.find(query, {"user_id": 1})}

    @guarded
    def put(self, accounts: Sequence[Account], *, now: datetime, look_at: datetime) -> None:
        """Note how accounts stand; they are looked at again then, one that X did not find sooner."""
        writes = [
            UpdateOne(
                {"_id": one.name, "user_id": str(one.user_id), "active": True},
                {"$set": {**_standing(one), "looked_at": now, "look_at": look_at}},
            )
            for one in accounts
        ]
        if writes:
            self._handles.bulk_write(writes, ordered=False)

    @guarded
    def rename(self, renamed: Sequence[Renamed], *, now: datetime, look_at: datetime) -> None:
        """Follow accounts under their new names, for who asked for the old ones. The new name comes first: a crash
        leaves one too many, never none."""
        askers = self._askers(renamed)
        taken = [
            UpdateOne(
                {"_id": one.after.name},
                {
                    "$set": {
                        **_standing(one.after),
                        **{"active": True, "user_id": str(one.after.user_id), "updated_at": now},
                        **{"looked_at": now, "look_at": look_at},
                        "was": {"name": one.before.username, "until": now},
                        "sources": askers[one.after.name],
                    },
                    "$setOnInsert": {"created_at": now},
                    "$unset": {"missing": "", "renamed_to": "", "taken_by": ""},
                },
                upsert=True,
            )
            for one in renamed
        ]
        left = [
            UpdateOne(
                {"_id": one.before.name, "user_id": str(one.before.user_id)},
                {
                    "$set": {
                        **{"active": False, "state": AccountState.RENAMED.value, "state_since": now},
                        **{"renamed_to": one.after.name, "updated_at": now, "sources": []},
                    },
                },
            )
            for one in renamed
            if not one.name_goes_on
        ]
        if renamed:
            self._handles.bulk_write([*taken, *left])

    def _askers(self, renamed: Sequence[Renamed]) -> dict[str, list[str]]:
        """By new name the sources that ask for the account: who asked for the old one, and for the new one already."""
        names = [name for one in renamed for name in (one.before.name, one.after.name)]
        found = self._handles.find({"_id": {"$in": names}}, {"sources": 1})
        known = {document["_id"]: document.get("sources") or [] for document in found}
        moving = {one.before.name for one in renamed}
        return {
            one.after.name: sorted(
                {
                    *known.get(one.before.name, ()),
                    *(() if one.after.name in moving else known.get(one.after.name, ())),
                }
            )
            for one in renamed
        }

    @guarded
    def look_now(self, user_ids: Collection[int], *, now: datetime) -> None:
        """Let accounts be looked at in the next call."""
        query = {"active": True, "user_id": {"$in": [str(user_id) for user_id in user_ids]}}
        self._handles.update_many(query, {"$set": {"look_at": now}})

    @guarded
    def count_by_state(self) -> dict[AccountState, int]:
        """How many of the followed accounts are in each state; those whose name another one has are `name_reused`."""
        rows = self._handles.aggregate([{"$match": {"active": True}}, {"$group": {"_id": "$state", "n": {"$sum": 1}}}])
        counts = {AccountState(row["_id"] or AccountState.ACTIVE): int(row["n"]) for row in rows}
        reused = self._handles.count_documents({"state": AccountState.RENAMED.value, "taken_by": {"$exists": True}})
        renamed = self._handles.count_documents({"state": AccountState.RENAMED.value}) - reused
        return counts | {AccountState.RENAMED: renamed, AccountState.NAME_REUSED: reused}


def _account(document: Document) -> Account:
    return Account(
        name=document["_id"],
        username=document["username"],
        user_id=int(document["user_id"]),
        state=AccountState(document.get("state", AccountState.ACTIVE)),
        since=document.get("state_since"),
        missing_at=document.get("missing_at"),
    )


def _standing(account: Account) -> Document:
    return {
        "username": account.username,
        "state": account.state.value,
        "state_since": account.since,
        "missing_at": account.missing_at,
    }
