"""What became of posts, on their documents: `gone` in `X_tweets`, and the engagement of those that are read no more.

    (none) --bury--> gone {reason, at, by, purge_at} --purge--> gone {reason, at, by, purged_at}
      ^                        |                                      |
      '--- X shows the post ---'--------------------------------------'   (the upsert of `posts` takes `gone` away)

Purging takes what people wrote and who they are, and keeps ids, times, counts and the fact. Every query here is by ids
or by an index over those that wait to be purged. Invariant: a word never undoes a later showing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from pymongo import ASCENDING, UpdateOne

from shared.domain.engagement.tiers import Tier
from shared.domain.models import PostState
from shared.domain.sources import X
from shared.domain.states import Word
from shared.stores.database import Db, Document, guarded
from shared.stores.digests import TOLD
from shared.stores.indexes import Index

INDEXES = (
    Index(
        "X_tweets",
        {"gone.purge_at": ASCENDING},
        {"partialFilterExpression": {"gone.purge_at": {"$exists": True}}},
        called="to_purge",
    ),
    Index(
        "X_users",
        {"gone.purge_at": ASCENDING},
        {"partialFilterExpression": {"gone.purge_at": {"$exists": True}}},
        called="to_purge",
    ),
    Index("X_tweets", {"attachments.media_keys": ASCENDING}, {"sparse": True}),
)
# What people wrote, showed and told of themselves.
PERSONAL = (
    *("text", "raw", "raw_text", "entities", "attachments", "polls", "place", "geo", "withheld", "source", "lang"),
    *("edit_controls", "reply_settings", TOLD),
)
PERSONAL_OF_USERS = ("username", "name", "profile_image_url", "bio_snapshot", "raw", "raw_text", TOLD)
# The same of the normalized form, whose fields are all there.
_NOT_TOLD: Document = {
    **dict.fromkeys(("content", "author_name", "author_handle", "author_followers", "author_verified", "media_type")),
    **dict.fromkeys(("location", "language", "url")),
    "media_urls": [],
}


class FateStore:
    """Buries, looks for what may be back, and purges."""

    def __init__(self, db: Db) -> None:
        self._posts, self._engagement = db["X_tweets"], db["X_engagement"]
        self._users, self._mentions = db["X_users"], db["mentions"]

    @guarded
    def bury(self, words: Mapping[int, Word], *, now: datetime, purge_after: timedelta) -> int:
        """Note X's words that posts are gone; answers of how many that is news.

        A post that X showed after the word stays as it is.
        """
        if not words:
            return 0
        changes = [
            UpdateOne(_not_so(post_id, word), {"$set": {**_gone(word), "gone.unfed": now}})
            for post_id, word in words.items()
        ]
        news = self._posts.bulk_write(changes, ordered=False).modified_count
        waiting = {"gone.reason": {"$exists": True}, "gone.purge_at": None, "gone.purged_at": None}
        ids = {"_id": {"$in": [str(post_id) for post_id in words]}}
        self._posts.update_many({**ids, **waiting}, {"$set": {"gone.purge_at": now + purge_after}})
        for state in {word.state for word in words.values()}:
            found = self._posts.find({**ids, "gone.reason": state.value}, {"_id": 1})
            self._engagement.update_many(
                {"_id": {"$in": [one["_id"] for one in found]}, "state": {"$ne": state.value}},
                {"$set": {"state": state.value, "tier": Tier.COLD.value, "velocity": 0.0, "next_refresh_at": None}},
            )
        return news

    @guarded
    def bury_users(self, words: Mapping[int, Word], *, now: datetime, purge_after: timedelta) -> int:
        """Note X's words about accounts; answers for how many that is news. Of one that is protected all stays."""
        if not words:
            return 0
        changes = []
        for user_id, word in words.items():
            hidden = {} if word.state is PostState.PROTECTED else {"gone.purge_at": now + purge_after}
            changes.append(UpdateOne(_not_so(user_id, word, "last_updated_at"), {"$set": {**_gone(word), **hidden}}))
        return self._users.bulk_write(changes, ordered=False).modified_count

    @guarded
    def purge_users(self, *, now: datetime, limit: int) -> int:
        """Take what is personal from accounts that are gone, where its time has come; answers from how many."""
        due = self._users.find({"gone.purge_at": {"$lte": now}}, {"_id": 1}).limit(limit)
        change = {"$set": {"gone.purged_at": now}, "$unset": dict.fromkeys((*PERSONAL_OF_USERS, "gone.purge_at"), "")}
        return self._users.update_many({"_id": {"$in": [one["_id"] for one in due]}}, change).modified_count

    @guarded
    def look_again(self, post_ids: Sequence[int], *, at: datetime, now: datetime) -> int:
        """Let posts that count as gone be read, because X did not call them gone at that time; answers how many.

        X bills nothing for one that it still does not show.
        """
        gone = {"_id": {"$in": [str(one) for one in post_ids]}, "gone.at": {"$lt": at}}
        ids = [one["_id"] for one in self._posts.find(gone, {"_id": 1})]
        states = [state.value for state in PostState if state.is_gone]
        due = {"_id": {"$in": ids}, "state": {"$in": states}, "next_refresh_at": None}
        return self._engagement.update_many(due, {"$set": {"next_refresh_at": now}}).modified_count if ids else 0

    @guarded
    def revive(self, post_ids: Sequence[int], *, now: datetime) -> int:
        """Follow posts again that were gone and that X has shown; answers how many. They are due at once."""
        shown = self._posts.find({"_id": {"$in": [str(one) for one in post_ids]}, "gone": None}, {"_id": 1})
        states = [state.value for state in PostState if state.is_gone]
        back = {"state": PostState.ALIVE.value, "gone_reports": 0, "gone_first_at": None, "next_refresh_at": now}
        query = {"_id": {"$in": [one["_id"] for one in shown]}, "state": {"$in": states}}
        return self._engagement.update_many(query, {"$set": back}).modified_count

    @guarded
    def link_versions(self, chains: Sequence[Sequence[int]], *, now: datetime) -> None:
        """Note on each stored version of an edited post which one took its place; the latest has none.

        chains: the versions of each, the oldest first.
        """
        self._posts.bulk_write(
            [
                UpdateOne(
                    {"_id": str(one), "superseded_by": {"$ne": str(after)}},
                    {"$set": {"superseded_by": str(after), "unfed": now}},
                )
                for chain in chains
                for one, after in pairwise(chain)
            ],
            ordered=False,
        )

    @guarded
    def scrub_places(self, post_ids: Sequence[int]) -> None:
        """Take away where posts were written."""
        where = {"geo": "", "place": "", "raw.geo": "", "raw.place": "", "raw_text": "", TOLD: ""}
        self._posts.update_many({"_id": {"$in": [str(one) for one in post_ids]}}, {"$unset": where})

    @guarded
    def has_due(self, *, now: datetime) -> bool:
        """Whether anything is to be purged."""
        due = {"gone.purge_at": {"$lte": now}}
        return any(one.find_one(due, {"_id": 1}) is not None for one in (self._posts, self._users))

    @guarded
    def overdue(self, *, before: datetime, limit: int) -> dict[str, int]:
        """How many posts and accounts were to be purged by then and are not, up to so many of each."""
        due = {"gone.purge_at": {"$lte": before}}
        return {
            "posts": self._posts.count_documents(due, limit=limit),
            "accounts": self._users.count_documents(due, limit=limit),
        }

    @guarded
    def to_purge(self, *, now: datetime, limit: int) -> list[Document]:
        """Posts whose time to be purged has come, the longest waiting first: `_id` and `attachments`."""
        due = self._posts.find({"gone.purge_at": {"$lte": now}}, {"attachments": 1})
        return list(due.sort("gone.purge_at", ASCENDING).limit(limit))

    @guarded
    def media_only_of(self, documents: Sequence[Document]) -> set[str]:
        """Keys of the media of these posts that no other living post has."""
        keys = {key for one in documents for key in (one.get("attachments") or {}).get("media_keys", ())}
        if not keys:
            return keys
        others: Document = {"attachments.media_keys": {"$in": list(keys)}, "gone": None}
        others["_id"] = {"$nin": [one["_id"] for one in documents]}
        for post in self._posts.find(others, {"attachments.media_keys": 1}):
            keys -= set(post["attachments"]["media_keys"])
        return keys

    @guarded
    def purge(self, documents: Sequence[Document], *, now: datetime) -> int:
        """Take what is personal from these posts and their mentions; answers from how many posts."""
        ids = [one["_id"] for one in documents]
        self._mentions.update_many(
            {"external_id": {"$in": ids}, "platform": X}, {"$set": _NOT_TOLD, "$unset": {TOLD: ""}}
        )
        change = {"$set": {"gone.purged_at": now}, "$unset": dict.fromkeys((*PERSONAL, "gone.purge_at"), "")}
        return self._posts.update_many({"_id": {"$in": ids}, "gone.purge_at": {"$lte": now}}, change).modified_count


def _not_so(one: int, word: Word, described_at: str = "described_at") -> Document:
    """The post or account, unless this is known of it or X has shown it since."""
    return {"_id": str(one), "gone.reason": {"$ne": word.state.value}, described_at: {"$not": {"$gt": word.at}}}


def _gone(word: Word) -> Document:
    told = {"reason": word.state.value, "at": word.at, "by": word.by.value}
    if word.reason not in {None, word.state.value}:
        told["said"] = word.reason
    return {f"gone.{name}": value for name, value in told.items()}
