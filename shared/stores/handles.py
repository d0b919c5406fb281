"""`X_tracked_handles`: the accounts a person asked to follow. How each stands on X: see `stores.accounts`.

What is followed is said here; streams carry it out.
Invariant: an id that is known is not replaced by that of whoever has the name now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from pymongo import ASCENDING, UpdateOne

from shared.domain.coverage.accounts import Name
from shared.domain.models import User
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

# Reasons with which X denies an account (`shared.domain.models.UserLookup.missing`).
DENIED = ["not-found", "suspended", "protected"]
# A name that X denied is asked for again after this.
DENIED_FOR = timedelta(days=1)


# What has to be known of an account that is followed to learn of it.
LEARNING = {"user_id": 1, "missing": 1, "taken_by": 1}
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
    def names(self, usernames: Iterable[str] | None = None) -> dict[str, Name]:
        """What is known of the names (all of them by default), with those that their accounts are called now."""
        fields = {"user_id": 1, "active": 1, "renamed_to": 1, "sources": 1, "missing": 1}
        known: dict[str, Name] = {}
        wanted = None if usernames is None else {name.lower() for name in usernames}
        while wanted is None or wanted:
            query = {} if wanted is None else {"_id": {"$in": sorted(wanted)}}
            found = {document["_id"]: _name(document) for document in self._handles.find(query, fields)}
            known |= found
            if wanted is None:
                break
            wanted = {one.renamed_to for one in found.values() if one.renamed_to} - known.keys()
        return known

    @guarded
    def activate(
        self, usernames: Sequence[str], *, now: datetime, since: datetime | None = None, source: str | None = None
    ) -> None:
        """Follow the accounts, from now on or again; `since` is from when on, `source` the one that asks for them. A
        name whose account is called otherwise now begins anew: it is whoever has it.
        """
        if not usernames:
            return
        begun = {"active": True, "updated_at": now} | ({} if since is None else {"since": since})
        self._handles.bulk_write(
            [
                *(
                    UpdateOne(
                        {"_id": name.lower(), "renamed_to": {"$exists": True}},
                        {"$set": {"user_id": None, "username": name}, "$unset": _ACCOUNT},
                    )
                    for name in usernames
                ),
                *(
                    UpdateOne(
                        {"_id": name.lower()},
                        {
                            "$set": begun,
                            "$setOnInsert": {"username": name, "user_id": None, "created_at": now},
                            **({} if source is None else {"$addToSet": {"sources": source}}),
                        },
                        upsert=True,
                    )
                    for name in usernames
                ),
            ]
        )

    @guarded
    def deactivate(self, usernames: Iterable[str], *, now: datetime, source: str | None = None) -> None:
        """Follow the accounts no longer, whoever asks for them; with `source` those that no other one asks for.

        What was collected stays.
        """
        of_them: Document = {"_id": {"$in": [name.lower() for name in usernames]}}
        if source is None:
            change = {"active": False, "updated_at": now, "sources": []}
            self._handles.update_many(of_them, {"$set": change})
            return
        others = {"$setDifference": ["$sources", [source]]}
        steps: list[Document] = [
            {"$set": {"sources": others}},
            {"$set": {"active": {"$and": ["$active", {"$ne": ["$sources", []]}]}, "updated_at": now}},
        ]
        self._handles.update_many({**of_them, "sources": source}, steps)

    @guarded
    def asked_by(self, source: str, usernames: Iterable[str]) -> None:
        """A source asks for accounts that are followed already."""
        names = [name.lower() for name in usernames]
        self._handles.update_many({"_id": {"$in": names}, "active": True}, {"$addToSet": {"sources": source}})

    @guarded
    def learn(self, users: Iterable[User], *, now: datetime, followed: Iterable[Document] | None = None) -> None:
        """Note the ids of accounts that came along with posts or a look-up; others than the followed are ignored.

        Where another account has the name of one that is known, that one is looked at next. followed: what is known of
        those that are followed, as `LEARNING` has it; looked up where it is not given.
        """
        named = {user.username.lower(): user for user in users}
        if followed is None:
            followed = self._handles.find({"_id": {"$in": list(named)}}, LEARNING) if named else ()
        writes = [write for one in followed for write in _learnt(one, named[one["_id"]], now)]
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
        """Names followed since before that moment whose account X has neither given nor denied, nor denied for a day.

        Only DENIED is X's word; every other reason is a passing fault, and the name is asked for again.
        """
        open_since = {"missing": {"$nin": DENIED}, "updated_at": {"$lt": before}}
        denied_since = {"missing": {"$in": DENIED}, "updated_at": {"$lt": before - DENIED_FOR}}
        query = {"active": True, "user_id": None, "$or": [open_since, denied_since]}
        return [document["username"] for document in self._handles.find(query).sort("_id", 1)]

    @guarded
    def active_user_ids(self) -> list[int]:
        """Account ids of everyone who is followed, as far as they are known."""
        found = self._handles.find({"active": True, "user_id": {"$ne": None}}, {"user_id": 1})
        return [int(document["user_id"]) for document in found]

    @guarded
    def documents(self, usernames: Iterable[str]) -> list[Document]:
        """What is known of some accounts (lower case), by name."""
        return list(self._handles.find({"_id": {"$in": list(usernames)}}).sort("_id", 1))

    @guarded
    def all(self, *, active_only: bool = False) -> list[Document]:
        """Every account, by name."""
        return list(self._handles.find({"active": True} if active_only else {}).sort("_id", 1))


# What belongs to an account, and not to its name.
_ACCOUNT = dict.fromkeys(
    ("renamed_to", "taken_by", "was", "state", "state_since", "missing", "missing_at", "look_at"), ""
)


def _learnt(known: Document, user: User, now: datetime) -> list[UpdateOne]:
    """The write that somebody who has the name leads to; none where nothing is new."""
    user_id, before = str(user.id), known["user_id"]
    as_read = {"_id": known["_id"], "user_id": before}
    if before in (None, user_id):
        if before is not None and "missing" not in known:
            return []
        learnt = {"user_id": user_id, "username": user.username, "updated_at": now}
        return [UpdateOne(as_read, {"$set": learnt, "$unset": {"missing": ""}})]
    if known.get("taken_by") == user_id:
        return []
    return [UpdateOne(as_read, {"$set": {"taken_by": user_id, "look_at": now, "updated_at": now}})]


def _name(document: Document) -> Name:
    user_id = document.get("user_id")
    return Name(
        document["_id"],
        int(user_id) if user_id else None,
        document["active"],
        document.get("renamed_to"),
        tuple(document.get("sources") or ()),
        document.get("missing") in DENIED,
    )
