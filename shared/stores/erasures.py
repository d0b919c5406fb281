"""`erasures`: receipts of what was erased, which are the list of what is not stored again; and the erasing itself.

    begun {again_at, again} --all deleted--> {deleted} --once more at again_at--> a receipt without personal data

A page that another process had in its hands at that moment may bring something back: it is deleted once more when every
process has learned of the block. Until then, and no longer, the receipt has the subject's id. Invariant: a block is
written before anything is deleted, and posts go last, so that what a crash leaves is found again.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING

from shared.domain.erasing import Blocked, Erased, Subject, digest
from shared.domain.sources import X
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

INDEXES = (Index("erasures", {"again_at": ASCENDING}, {"sparse": True}),)
# How old the list may be that a process goes by.
SEEN_WITHIN = timedelta(seconds=5)
AGAIN_AFTER = timedelta(minutes=5)  # a page is in the hands of a process for no longer than its lease
_KEY = "erasure_key"
_MESSAGES = ("post_id", "post_ids", "user_ids", "usernames", "media", "media_key")


class ErasureStore:
    """Blocks, erases and keeps receipts."""

    def __init__(self, db: Db) -> None:
        self._db, self._erasures = db, db["erasures"]
        self._seen: tuple[datetime, Blocked] | None = None

    @guarded
    def blocked(self, *, now: datetime) -> Blocked:
        """What is not to be stored, as it was a few seconds ago at most."""
        if self._seen is None or abs(now - self._seen[0]) >= SEEN_WITHIN:
            hashes = frozenset(one["_id"] for one in self._erasures.find({}, {"_id": 1}))
            self._seen = (now, Blocked(self._key() if hashes else b"", hashes))
        return self._seen[1]

    @guarded
    def begin(self, subject: Subject, *, now: datetime) -> str:
        """Block a subject, and remember to delete what comes back meanwhile; answers the id of the receipt."""
        receipt_id = digest(self._key(), subject.kind, subject.id)
        again = {"id": str(subject.id), "usernames": list(subject.usernames)}
        begun = {"again_at": now + AGAIN_AFTER, "again": again}
        kept: Document = {"kind": subject.kind.value, "at": now, "deleted": {}}
        self._erasures.update_one({"_id": receipt_id}, {"$set": begun, "$setOnInsert": kept}, upsert=True)
        self._seen = None
        return receipt_id

    @guarded
    def note(self, receipt_id: str, deleted: Counter[str], *, now: datetime, is_last: bool = False) -> Document:
        """Add to a receipt; with `is_last` it forgets whom it is about. Answers it."""
        change: Document = {"$set": {"ended_at": now}}
        if added := {f"deleted.{name}": number for name, number in deleted.items() if number}:
            change["$inc"] = added
        if is_last:
            change["$unset"] = {"again": "", "again_at": ""}
        self._erasures.update_one({"_id": receipt_id}, change)
        found = self._erasures.find_one({"_id": receipt_id}, {"again": 0, "again_at": 0})
        return found or {}

    @guarded
    def due(self, *, now: datetime) -> dict[str, Subject]:
        """Subjects that are to be deleted once more, by their receipts."""
        found = self._erasures.find({"again_at": {"$lte": now}}).limit(100)
        return {one["_id"]: _subject(one) for one in found}

    @guarded
    def overdue(self, *, before: datetime, limit: int) -> int:
        """How many were to be deleted once more by then and are not, up to so many."""
        return self._erasures.count_documents({"again_at": {"$lte": before}}, limit=limit)

    @guarded
    def posts_of(self, subject: Subject, *, limit: int) -> list[Document]:
        """Posts that go with a subject, `_id` and `attachments`: an account's; a post with its versions."""
        query = (
            {"author_id": str(subject.id)} if subject.kind is Erased.USER else {"_id": {"$in": self._versions(subject)}}
        )
        return list(self._db["X_tweets"].find(query, {"attachments": 1}).limit(limit))

    @guarded
    def reposts_of(self, ids: Sequence[str]) -> list[Document]:
        """Reposts of these posts: the same words."""
        query = {"referenced_tweets": {"$elemMatch": {"id": {"$in": list(ids)}, "type": "retweeted"}}}
        return list(
            self._db["X_tweets"].find({"referenced_tweets.id": {"$in": list(ids)}, **query}, {"attachments": 1})
        )

    @guarded
    def delete_posts(self, ids: Sequence[str]) -> Counter[str]:
        """Delete posts and all that is about them alone; answers how many documents of each collection."""
        some = {"$in": list(ids)}
        about: dict[str, Document] = {
            "mentions": {"external_id": some, "platform": X},
            "feed": {"subject": some},
            "X_engagement_history": {"post_id": some},
            "X_engagement": {"_id": some},
            "X_reactions": {"post_id": some},
            "surges": {"post_id": some},
            "X_sweeps": {"$or": [{"subject": some}, {"posts": some}]},
            "set_aside": {"object_id": some},
            "dead_letters": _letters(list(ids)),
            "X_tweets": {"_id": some},
        }
        self._forget_asked(ids)
        return Counter({name: self._db[name].delete_many(query).deleted_count for name, query in about.items()})

    @guarded
    def delete_person(self, subject: Subject) -> Counter[str]:
        """Delete what is about an account itself; answers as `delete_posts`."""
        one, names = str(subject.id), sorted({*subject.usernames, *(name.lower() for name in subject.usernames)})
        quoted = re.escape(f'"{one}"')
        about: dict[str, Document] = {
            "mentions": {"author_id": one, "platform": X},
            "X_reactions": {"user_id": one},
            "X_usual": {"_id": one},
            "authors_wanted": {"_id": one},
            "set_aside": {"$or": [{"object_id": one}, {"text": {"$regex": quoted}}]},
            "dead_letters": _letters([one, *names]),
            "X_tracked_handles": {"$or": [{"user_id": one}, {"_id": {"$in": names}, "user_id": {"$in": [one, None]}}]},
            "X_users": {"_id": one},
        }
        self._forget_asked([one, *names])
        lower = {"$in": [name.lower() for name in names]}
        self._db["X_streams"].update_many({"left.member": lower}, {"$pull": {"left": {"member": lower}}})
        self._db["gaps"].update_many({"members": lower}, {"$pull": {"members": lower}})
        return Counter({name: self._db[name].delete_many(query).deleted_count for name, query in about.items()})

    @guarded
    def count(self, subject: Subject) -> dict[str, int]:
        """How many posts and accounts would go."""
        if subject.kind is Erased.POST:
            return {"X_tweets": self._db["X_tweets"].count_documents({"_id": {"$in": self._versions(subject)}})}
        one = str(subject.id)
        return {
            "X_tweets": self._db["X_tweets"].count_documents({"author_id": one}),
            "X_users": self._db["X_users"].count_documents({"_id": one}),
        }

    def _forget_asked(self, subjects: Sequence[str]) -> None:
        """Requests that asked about these, among others, name them no longer."""
        words = {f"results.{one}": "" for one in subjects}
        change = {"$pull": {"subjects": {"$in": list(subjects)}}, "$unset": words}
        self._db["runs"].update_many({"subjects": {"$in": list(subjects)}}, change)

    def _versions(self, subject: Subject) -> list[str]:
        found = self._db["X_tweets"].find_one({"_id": str(subject.id)}, {"edit_history_tweet_ids": 1}) or {}
        return [str(subject.id), *found.get("edit_history_tweet_ids", ())]

    def _key(self) -> bytes:
        """The key of the hashes, made once."""
        made: Document = {"$setOnInsert": {"value": os.urandom(32)}}
        self._db["X_state"].update_one({"_id": _KEY}, made, upsert=True)
        found: Any = self._db["X_state"].find_one({"_id": _KEY})
        return bytes(found["value"])


def _letters(words: list[str]) -> Document:
    return {"$or": [{f"actor_args.0.{name}": {"$in": words}} for name in _MESSAGES]}


def _subject(found: Document) -> Subject:
    again = found["again"]
    return Subject(Erased(found["kind"]), int(again["id"]), tuple(again["usernames"]))
