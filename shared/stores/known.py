"""What MongoDB has already of a page that is about to be stored: all collections in one round trip.

What is new can be inserted, which is far cheaper than an update; see `described`. It is a look, not a claim: another
process may store the same a moment later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from shared.domain.engagement.refresh import Engagement
from shared.domain.mentions import Author
from shared.domain.models import Page
from shared.stores.beginnings import LOOKED_AT as ENGAGEMENT
from shared.stores.database import Db, Document, guarded
from shared.stores.engagement_documents import from_document
from shared.stores.handles import LEARNING
from shared.stores.media import PENDING

# More than a page has objects: what is found comes in one answer.
_BATCH = 10_000
_AUTHOR = {"username": 1, "name": 1, "verified": 1, "public_metrics.followers_count": 1, "bio_snapshot.location": 1}
_HANDLES = "X_tracked_handles"
_FIELDS = {
    "X_tweets": "posts",
    "X_users": "users",
    "X_media": "media",
    "X_engagement": "states",
    _HANDLES: "followed",
    "mentions": "mentions",
}
Found = Mapping[str, Document]


@dataclass(frozen=True, slots=True)
class Known:
    """What is there, by `_id`: as much of each document as its store needs to write it. followed: by name. askers: the
    sources that ask for an account, by its id, where that was to be looked up.
    """

    posts: Found
    users: Found
    media: Found
    states: Found
    followed: Found
    mentions: Found
    askers: Mapping[int, Sequence[str]]

    @property
    def authors(self) -> dict[int, Author]:
        """The accounts that are known, as authors."""
        return {int(id_): _author(one) for id_, one in self.users.items() if "username" in one}

    @property
    def sources(self) -> dict[int, set[str]]:
        """The sources that each post concerned before."""
        return {int(id_): {why["source"] for why in one.get("concerns", ())} for id_, one in self.posts.items()}

    @property
    def engagement(self) -> dict[int, Engagement]:
        """The states, where they are whole."""
        return {int(id_): from_document(one) for id_, one in self.states.items()}

    @property
    def tenants(self) -> dict[str, list[str]]:
        """The tenants that have a mention of a post, by its id."""
        found: dict[str, list[str]] = {}
        for one in self.mentions.values():
            found.setdefault(one["external_id"], []).append(one["tenant_id"])
        return found

    def to_download(self, keys: Iterable[str]) -> list[str]:
        """Those of the media whose files are still to be downloaded, once the new ones are stored."""
        found = {key: self.media.get(key) for key in keys}
        return [key for key, one in found.items() if one is None or _status(one) == PENDING]


class KnownStore:
    """Looks things up for a whole page. projections: by collection, what its store needs of a document."""

    def __init__(self, db: Db, *, posts: Document, users: Document, media: Document, mentions: Document) -> None:
        self._posts = db["X_tweets"]
        self._projections = {
            "X_tweets": posts | {"concerns.source": 1},
            "X_users": users | _AUTHOR,
            "X_media": media | {"download.status": 1},
            "X_engagement": ENGAGEMENT,
            _HANDLES: LEARNING | {"sources": 1},
            "mentions": mentions | {"external_id": 1, "tenant_id": 1},
        }

    @guarded
    def of(self, page: Page, *, askers: bool = False) -> Known:
        """What is there of a page. One round trip, whatever its size. askers: also who asks for its authors.

        Of posts that were looked up it is the whole states, of those too that X did not show.
        """
        own = {str(post.id) for post in page.posts}
        authors = {str(post.author_id) for post in page.posts if post.author_id is not None}
        asked = {
            "X_tweets": own | {str(one) for one in (*page.states, *(post.id for post in page.included_posts))},
            "X_users": authors | {str(user.id) for user in page.users},
            "X_media": {item.key for item in page.media},
            "X_engagement": own | {str(post_id) for post_id in page.states},
            _HANDLES: {user.username.lower() for user in page.users},
            "mentions": own,
        }
        found: dict[str, dict[str, Document]] = {name: {} for name in asked}
        if any(asked.values()):
            union = self._union(asked, authors if askers else (), whole={"X_engagement"} if page.states else ())
            for document in self._posts.aggregate(union, batchSize=_BATCH):
                found[document.pop("of")][document["_id"]] = document
        handles, named = found[_HANDLES], asked[_HANDLES]
        found[_HANDLES] = {name: one for name, one in handles.items() if name in named}
        return Known(**{_FIELDS[name]: one for name, one in found.items()}, askers=_askers(handles.values()))

    def _union(
        self, asked: Mapping[str, Collection[str]], authors: Collection[str], whole: Collection[str]
    ) -> list[Document]:
        first, *others = ((name, self._look(name, ids, is_whole=name in whole)) for name, ids in asked.items())
        if authors:
            shown = {"$project": {**self._projections[_HANDLES], "of": {"$literal": _HANDLES}}}
            others.append((_HANDLES, [{"$match": {"user_id": {"$in": sorted(authors)}}}, shown]))
        return [*first[1], *({"$unionWith": {"coll": name, "pipeline": look}} for name, look in others)]

    def _look(self, name: str, ids: Collection[str], *, is_whole: bool) -> list[Document]:
        of = {"of": {"$literal": name}}
        shown: Document = {"$set": of} if is_whole else {"$project": self._projections[name] | of}
        key = "external_id" if name == "mentions" else "_id"
        return [{"$match": {key: {"$in": sorted(ids)}}}, shown]


def _askers(handles: Iterable[Document]) -> dict[int, list[str]]:
    return {int(one["user_id"]): one.get("sources") or [] for one in handles if one.get("user_id")}


def _author(user: Document) -> Author:
    return Author(
        handle=user["username"],
        name=user.get("name"),
        followers=user.get("public_metrics", {}).get("followers_count"),
        is_verified=user.get("verified"),
        location=user.get("bio_snapshot", {}).get("location") or None,
    )


def _status(medium: Document) -> str | None:
    status: str | None = medium.get("download", {}).get("status")
    return status
