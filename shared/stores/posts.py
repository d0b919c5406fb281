"""`X_tweets`: every post that was seen, as X last described it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType

from pymongo import ASCENDING, DESCENDING

from shared.domain.attribution import Concern, Why
from shared.domain.counts import NAMES, PostMetrics
from shared.domain.coverage.silence import Rhythm
from shared.domain.models import Post
from shared.domain.sources import source_of
from shared.stores.database import Db, Document, guarded
from shared.stores.described import Described, Recognised, Told
from shared.stores.indexes import Index

# The newest posts of an author, the quotes and replies around a post, the newest of all, conversations, and the newest
# of a source.
INDEXES = (
    Index("X_tweets", {"author_id": ASCENDING, "created_at": DESCENDING}),
    Index(
        "X_tweets",
        {
            **{"referenced_tweets.id": ASCENDING, "referenced_tweets.type": ASCENDING},
            **{"created_at": DESCENDING, "_id": DESCENDING},
        },
        called="referring",
        replaces="referenced_tweets.id_1_referenced_tweets.type_1",
    ),
    Index("X_tweets", {"created_at": DESCENDING}),
    Index("X_tweets", {"conversation_id": ASCENDING, "created_at": ASCENDING}),
    Index("X_tweets", {"concerns.source": ASCENDING, "created_at": DESCENDING}),
)
_NOBODY: Mapping[int, Sequence[Concern]] = MappingProxyType({})


_STORED_NAMES = {"repost_count": "retweet_count"}
_STORED = tuple(_STORED_NAMES.get(name, name) for name in NAMES)
_VALUES = attrgetter(*NAMES)  # of PostMetrics, in that order


class PostStore:
    """Writes posts in bulk; reads them by id and by author."""

    def __init__(self, db: Db) -> None:
        self._posts = db["X_tweets"]
        # X gives a post that was gone: it is there, but for what X said later.
        self.described = Described(
            self._posts, nested=("public_metrics", "raw"), until_later="gone", recognised=Recognised.ONCE_KNOWN
        )

    @guarded
    def upsert(
        self,
        posts: Iterable[Post],
        *,
        source: str,
        now: datetime,
        at: datetime | None = None,
        included: Iterable[Post] = (),
        concerns: Mapping[int, Sequence[Concern]] = _NOBODY,
        known: Mapping[str, Document] | None = None,
    ) -> set[int]:
        """Store posts in one bulk; answers the ids that were new. `source` tells how a new one was found.

        at: when X described them, by its clock; the present where it is not known. included: what came along with them.
        concerns: of each post whom it concerns and why; added to what is stored. known: what `described` needs of those
        that are there.
        """
        told = self.told(posts, source=source, now=now, included=included, concerns=concerns)
        return self.put(told, at=at or now, known=known)

    @guarded
    def told(
        self,
        posts: Iterable[Post],
        *,
        source: str,
        now: datetime,
        included: Iterable[Post] = (),
        concerns: Mapping[int, Sequence[Concern]] = _NOBODY,
    ) -> list[Told]:
        """All of an `upsert` that neither asks MongoDB nor knows what is there."""
        unique = {post.id: (post, "included") for post in included} | {post.id: (post, source) for post in posts}
        return [_told(post, found_by, concerns.get(post.id, ()), now) for post, found_by in unique.values()]

    @guarded
    def put(self, told: Sequence[Told], *, at: datetime, known: Mapping[str, Document] | None) -> set[int]:
        """The rest of it; answers the ids that were new."""
        return {int(id_) for id_ in self.described.put(told, at=at, known=known)}

    @guarded
    def newest_of(self, author_ids: Sequence[int], limit: int) -> list[Document]:
        """The newest posts of the authors (`_id`, `created_at`, `public_metrics`), reposts left out."""
        query = {
            "author_id": {"$in": [str(author) for author in author_ids]},
            "referenced_tweets.type": {"$ne": "retweeted"},
        }
        return list(
            self._posts.find(query, {"public_metrics": 1, "created_at": 1}).sort("created_at", DESCENDING).limit(limit)
        )

    @guarded
    def newest_counts(self, limit: int) -> list[PostMetrics]:
        """The counts of the newest posts, as X told them last."""
        found = self._posts.find({}, {"public_metrics": 1}).sort("created_at", DESCENDING).limit(limit)
        return [metrics_from_document(one.get("public_metrics") or {}) for one in found]

    @guarded
    def get(self, post_id: int) -> Document | None:
        """The document of a post, None where it was never seen."""
        return self._posts.find_one({"_id": str(post_id)})

    @guarded
    def by_id(self, ids: Sequence[str]) -> dict[str, Document]:
        """The documents of posts, without what X sent word for word."""
        found = self._posts.find({"_id": {"$in": list(ids)}}, {"raw": 0, "raw_text": 0})
        return {one["_id"]: one for one in found.batch_size(len(ids) + 1)}

    @guarded
    def newest_at(self, author_id: int) -> datetime | None:
        """When the newest stored post of an account was made; None: none is."""
        found = self._posts.find_one(
            {"author_id": str(author_id)}, {"created_at": 1}, sort=[("created_at", DESCENDING)]
        )
        return found["created_at"] if found else None

    @guarded
    def of_conversation(self, conversation_id: int, limit: int = 10_000) -> list[Document]:
        """The stored posts of a conversation, the oldest first, and the one that began it."""
        query = {"$or": [{"conversation_id": str(conversation_id)}, {"_id": str(conversation_id)}]}
        return list(self._posts.find(query).sort("created_at", ASCENDING).limit(limit))

    @guarded
    def rhythms(self, author_ids: Sequence[int], *, since: datetime) -> dict[int, Rhythm]:
        """How often accounts have posted since then; those that have not are left out."""
        match: Document = {"author_id": {"$in": [str(one) for one in author_ids]}, "created_at": {"$gte": since}}
        group: Document = {"_id": "$author_id", "n": {"$sum": 1}, "first": {"$min": "$created_at"}}
        rows = self._posts.aggregate([{"$match": match}, {"$group": {**group, "last": {"$max": "$created_at"}}}])
        return {int(row["_id"]): Rhythm(row["n"], row["first"], row["last"]) for row in rows}

    @guarded
    def authors_met(self, *, among: int) -> tuple[int, int, int]:
        """How many of the newest posts there are, up to `among`, and how many authors wrote just one, just two."""
        newest: list[Document] = [
            {"$sort": {"created_at": DESCENDING}},
            {"$limit": among},
            {"$match": {"author_id": {"$ne": None}}},
            {"$group": {"_id": "$author_id", "n": {"$sum": 1}}},
            {"$group": {"_id": None, "posts": {"$sum": "$n"}, **{name: _number_of(n) for n, name in _OFTEN.items()}}},
        ]
        return next(((row["posts"], row["once"], row["twice"]) for row in self._posts.aggregate(newest)), (0, 0, 0))

    @guarded
    def times_of(self, member: str, *, from_at: datetime, to_at: datetime) -> list[tuple[datetime, bool]]:
        """When each post that a member's query finds was made, and whether it is gone, in a span; reposts left out.

        No query of an account finds who quotes it and does not name it. A version that was edited since is gone too.
        """
        found_by: Document = (
            {"member": member} if source_of(member) else {"member": member, "why": {"$ne": Why.QUOTE.value}}
        )
        query = {
            "concerns": {"$elemMatch": found_by},
            "created_at": {"$gte": from_at, "$lt": to_at},
            "referenced_tweets.type": {"$ne": "retweeted"},
        }
        found = self._posts.find(query, {"created_at": 1, "gone": 1, "superseded_by": 1})
        return [(one["created_at"], "gone" in one or "superseded_by" in one) for one in found]

    @guarded
    def count(self) -> int:
        """How many posts are stored (estimated from the collection's metadata)."""
        return self._posts.estimated_document_count()


_OFTEN = {1: "once", 2: "twice"}


def _number_of(posts: int) -> Document:
    """How many groups have so many posts, as MongoDB's accumulator."""
    return {"$sum": {"$cond": [{"$eq": ["$n", posts]}, 1, 0]}}


def _told(post: Post, found_by: str, concerns: Sequence[Concern], now: datetime) -> Told:
    return Told(
        id=str(post.id),
        document=to_document(post),
        on_insert={"first_seen_at": now, "found_by": found_by},
        greatest={"last_seen_at": now},
        added={"concerns": [_concern(one) for one in concerns]} if concerns else {},
    )


def _concern(one: Concern) -> Document:
    return {"source": one.source, "member": one.member, "why": one.why.value}


def to_document(post: Post) -> Document:
    """The document of a post, without `_id` and the times of seeing it.

    What X left out is left out: a short answer must not erase what a longer one gave before.
    """
    document: Document = {
        "author_id": _text(post.author_id),
        "text": post.text,
        "created_at": post.created_at,
        "conversation_id": _text(post.conversation_id),
        "in_reply_to_user_id": _text(post.in_reply_to_user_id),
        "referenced_tweets": [{"type": r.type.value, "id": str(r.id)} for r in post.references],
        "entities": post.entities,
        "attachments": post.attachments,
        "lang": post.lang,
        "source": post.source,
        "reply_settings": post.reply_settings,
        "edit_history_tweet_ids": [str(version) for version in post.edit_history_ids],
        "edit_controls": post.edit_controls,
        "geo": post.geo,
        "withheld": post.withheld,
        "place": post.place,
        "polls": list(post.polls),
        "public_metrics": metrics_to_document(post.metrics) if post.metrics else None,
        "raw": post.raw,
        "raw_text": post.raw_text,
    }
    return {name: value for name, value in document.items() if value or value == ""}  # an empty text is told


def metrics_to_document(metrics: PostMetrics) -> Document:
    """Counts under the names that `X_tweets` has always had; those that are not known are left out."""
    counts = _VALUES(metrics)
    if None not in counts:
        return dict(zip(_STORED, counts, strict=True))
    return {name: count for name, count in zip(_STORED, counts, strict=True) if count is not None}


def metrics_from_document(document: Document) -> PostMetrics:
    """The counts of a stored document."""
    return PostMetrics(**{name: document.get(_STORED_NAMES.get(name, name)) for name in NAMES})


def stored_names(names: Iterable[str]) -> list[str]:
    """The names of counts as documents have them."""
    return [_STORED_NAMES.get(name, name) for name in names]


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)
