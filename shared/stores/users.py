"""`X_users`: every account that was seen, as X last described it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from pymongo import ASCENDING

from shared.domain.models import User
from shared.stores.database import Db, Document, guarded
from shared.stores.described import Described, Recognised, Told
from shared.stores.indexes import Index

_NESTED, _AT = ("public_metrics", "bio_snapshot", "raw"), "last_updated_at"
INDEXES = (Index("X_users", {"username": ASCENDING}),)


class UserStore:
    """Writes accounts in bulk."""

    def __init__(self, db: Db) -> None:
        self._users = db["X_users"]
        # X shows an account that was gone: it is there, but for what X said later.
        self.described = Described(
            self._users, nested=_NESTED, at_field=_AT, until_later="gone", recognised=Recognised.AT_ONCE
        )

    @guarded
    def upsert(self, users: Iterable[User], *, now: datetime, known: Mapping[str, Document] | None = None) -> None:
        """Store accounts in one bulk. `now` is when X described them. known: what `described` needs of those there."""
        unique = {user.id: user for user in users}
        told = [Told(id=str(user.id), document=to_document(user)) for user in unique.values()]
        self.described.put(told, at=now, known=known)

    @guarded
    def fresh_among(self, user_ids: Collection[int], *, since: datetime) -> set[int]:
        """Those of the accounts that X has described since then."""
        query = {"_id": {"$in": [str(one) for one in user_ids]}, "last_updated_at": {"$gte": since}}
        return {int(document["_id"]) for document in self._users.find(query, {"_id": 1})}

    @guarded
    def names(self, user_ids: Collection[int]) -> dict[int, str]:
        """What the accounts are called, as far as they are stored."""
        found = self._users.find({"_id": {"$in": [str(one) for one in user_ids]}}, {"username": 1})
        return {int(document["_id"]): document["username"] for document in found if document.get("username")}

    @guarded
    def count(self) -> int:
        """How many accounts are stored (estimated)."""
        return self._users.estimated_document_count()


def to_document(user: User) -> Document:
    """The document of an account, without `_id`; absent values are left out, so a short answer erases nothing."""
    document: Document = {
        "username": user.username,
        "name": user.name or None,
        "verified": user.verified,
        "verified_type": user.verified_type,
        "protected": user.protected,
        "profile_image_url": user.profile_image_url,
        "public_metrics": user.public_metrics,
        "created_at": user.created_at,
        "bio_snapshot": _known({"description": user.description, "url": user.url, "location": user.location}),
        "raw": user.raw,
        "raw_text": user.raw_text,
    }
    return _known(document)


def _known(document: Document) -> Document:
    return {name: value for name, value in document.items() if value not in (None, {})}
