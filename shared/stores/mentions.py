"""`mentions`: posts in the normalized form, once for each (tenant, platform, external id).

They are written with the posts of a page, and follow the later answers on them. What a person set, and who found it
first, stays. Invariant: a source that a mention concerns is never taken from it here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter

from pymongo import ASCENDING, DESCENDING, UpdateMany

from shared.domain.mentions import Mention, MentionStatus, author_of, mention_id
from shared.domain.models import User
from shared.domain.sources import X
from shared.stores.counting import up_to
from shared.stores.database import Db, Document, guarded
from shared.stores.described import Described, Ready, Recognised, Told
from shared.stores.indexes import Index

_IN_ORDER = {"published_at": DESCENDING, "_id": DESCENDING}  # the id too, so that a page can begin after any row
BY_SOURCE = Index("mentions", {"sources": ASCENDING, **_IN_ORDER}, replaces="sources_1_published_at_-1")
BY_STATUS = Index(
    "mentions",
    {"tenant_id": ASCENDING, "status": ASCENDING, **_IN_ORDER},
    replaces="tenant_id_1_status_1_published_at_-1",
)
BY_LANGUAGE = Index("mentions", {"tenant_id": ASCENDING, "language": ASCENDING, **_IN_ORDER})
BY_AUTHOR = Index("mentions", {"author_id": ASCENDING, "tenant_id": ASCENDING, **_IN_ORDER}, replaces="author_id_1")
# The newest of a source, of a tenant in a state, of a language, of an author, and all of one post.
INDEXES = (BY_SOURCE, BY_STATUS, Index("mentions", {"external_id": ASCENDING}), BY_AUTHOR, BY_LANGUAGE)
_FIELDS = (
    *("tenant_id", "platform", "external_id", "url", "content", "author_id", "author_name", "author_handle"),
    *("author_followers", "author_verified", "published_at", "likes_count", "comments_count", "shares_count"),
    *("media_type", "media_urls", "location", "language"),
)
_values = attrgetter(*_FIELDS)
# A mention has all its fields; what the platform did not tell is null.
_UNKNOWN: Document = dict.fromkeys(_FIELDS) | {"media_urls": [], "source_id": None}


class MentionStore:
    """`_id` is `tenant:platform:external_id`."""

    def __init__(self, db: Db) -> None:
        self._mentions = db["mentions"]
        self.described = Described(self._mentions, recognised=Recognised.ONCE_KNOWN)

    @guarded
    def put(
        self,
        mentions: Sequence[Mention],
        *,
        now: datetime,
        at: datetime,
        known: Mapping[str, Document] | None = None,
    ) -> set[str]:
        """Store mentions in one bulk; answers the ids of the new ones, whose status is `new`.

        at: when the platform described the posts. known: what `described` needs of those that are there.
        """
        return self.described.put([_told(one, now) for one in mentions], at=at, known=known)

    @guarded
    def ready(
        self, mentions: Sequence[Mention], *, now: datetime, at: datetime, known: Mapping[str, Document]
    ) -> Ready:
        """All of a `put` that needs no MongoDB: made while it is busy with something else."""
        return self.described.ready([_told(one, now) for one in mentions], at=at, known=known)

    @guarded
    def write(self, ready: Ready) -> set[str]:
        """The rest of it; answers the ids of the new ones."""
        return self.described.write(ready)

    @guarded
    def learn(self, users: Iterable[User]) -> None:
        """Name the authors of mentions that were stored before anybody knew them."""
        writes = [
            UpdateMany(
                {"author_id": str(user.id), "author_handle": None, "platform": X}, {"$set": _author_fields(user)}
            )
            for user in users
        ]
        if writes:
            self._mentions.bulk_write(writes, ordered=False)

    @guarded
    def set_status(self, mention_id: str, status: MentionStatus, *, now: datetime) -> Document | None:
        """Say how far a person is with it; answers the mention as it was before, None for an unknown id."""
        change = {"$set": {"status": status.value}, "$max": {"updated_at": now}}
        found: Document | None = self._mentions.find_one_and_update({"_id": mention_id}, change)
        return found

    @guarded
    def among(self, tenant_id: str, external_ids: Collection[str], *, platform: str = X) -> set[str]:
        """Those of the external ids that are mentions of the tenant."""
        wanted = {mention_id(tenant_id, platform, one): one for one in external_ids}
        if not wanted:
            return set()
        found = self._mentions.find({"_id": {"$in": list(wanted)}}, {"_id": 1}).batch_size(len(wanted) + 1)
        return {wanted[one["_id"]] for one in found}

    @guarded
    def by_id(self, ids: Sequence[str]) -> dict[str, Document]:
        """The mentions of these ids, as they are stored."""
        return {one["_id"]: one for one in self._mentions.find({"_id": {"$in": list(ids)}}).batch_size(len(ids) + 1)}

    @guarded
    def set_statuses(self, mention_ids: Collection[str], status: MentionStatus, *, now: datetime) -> None:
        """Say of several how far a person is, in one write."""
        change = {"$set": {"status": status.value}, "$max": {"updated_at": now}}
        self._mentions.update_many({"_id": {"$in": list(mention_ids)}}, change)

    @guarded
    def count_of(self, source: str, *, most: int) -> int:
        """How many posts concern a source, `most` at most."""
        return up_to(self._mentions, {"sources": source}, most)

    @guarded
    def count(self) -> int:
        """How many there are (estimated)."""
        return self._mentions.estimated_document_count()


def _told(mention: Mention, now: datetime) -> Told:
    told = {
        name: value for name, value in zip(_FIELDS, _values(mention), strict=True) if value is not None and value != ()
    }
    if "media_urls" in told:
        told["media_urls"] = list(mention.media_urls)
    found = {"source_id": mention.sources[0] if mention.sources else None, "status": MentionStatus.NEW.value}
    return Told(
        id=mention.id,
        document=told,
        on_insert={**_UNKNOWN, **found, "created_at": now, "unfed": now},
        greatest={"updated_at": now},
        added={"sources": mention.sources} if mention.sources else {},
    )


def _author_fields(user: User) -> Document:
    author = author_of(user)
    told = {
        "author_name": author.name,
        "author_handle": author.handle,
        "author_followers": author.followers,
        "author_verified": author.is_verified,
    }
    return {name: value for name, value in told.items() if value is not None}
