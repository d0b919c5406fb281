"""Which posts are followed, decided anew where the rule of a source was changed: how far its posts were gone through.

    asked_at -> cursor ... cursor -> read_once -> cursor ... cursor -> nothing

It is gone through twice, the second time once all is stored that was under way by the rule before. The posts are read
by an index, in the order in which they were made. Invariant: a rule that is changed meanwhile begins anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pymongo import ASCENDING, UpdateOne

from shared.domain.attribution import Concern, Why
from shared.domain.counts import PostMetrics
from shared.domain.engagement.selection import Reselected
from shared.domain.models import PostState
from shared.stores.database import Db, Document, guarded
from shared.stores.posts import metrics_from_document
from shared.stores.sources import RESELECT


@dataclass(frozen=True, slots=True)
class Walk:
    """A source whose posts are gone through. cursor: from when on, None at the beginning."""

    source: str
    asked_at: datetime
    cursor: datetime | None
    is_second: bool


@dataclass(frozen=True, slots=True)
class Concerned:
    """A post that concerns a source, and what is known of its engagement. follow_from: see `Engagement`."""

    post_id: int
    created_at: datetime
    author_id: int | None
    concerns: tuple[Concern, ...]
    metrics: PostMetrics | None
    follow_from: float | None


class SelectionStore:
    """The walks are in `sources`, beside the rules."""

    def __init__(self, db: Db) -> None:
        self._sources, self._posts = db["sources"], db["X_tweets"]
        self._states, self._handles = db["X_engagement"], db["X_tracked_handles"]

    @guarded
    def walks(self) -> list[Walk]:
        """Those that have not ended, by the source."""
        found = self._sources.find({RESELECT: {"$ne": None}}, {RESELECT: 1}).sort("_id", ASCENDING)
        return [_walk(one["_id"], one[RESELECT]) for one in found]

    @guarded
    def part(self, source: str, *, after: datetime, limit: int) -> tuple[list[Concerned], datetime | None]:
        """The next posts of a source that X shows and, where there may be more, when the last of them was made."""
        query: Document = {"concerns.source": source, "created_at": {"$gte": after}}
        fields = {"created_at": 1, "author_id": 1, "concerns": 1}
        posts = list(self._posts.find(query, fields).sort("created_at", ASCENDING).limit(limit))
        alive: Document = {"_id": {"$in": [one["_id"] for one in posts]}, "state": PostState.ALIVE.value}
        states = {one["_id"]: one for one in self._states.find(alive, {"metrics": 1, "follow_from": 1})}
        found = [_concerned(one, states[one["_id"]]) for one in posts if one["_id"] in states]
        return found, posts[-1]["created_at"] if len(posts) == limit else None

    @guarded
    def askers(self, author_ids: Collection[int]) -> dict[int, list[str]]:
        """The sources that ask for accounts."""
        query = {"user_id": {"$in": [str(one) for one in author_ids]}}
        found = self._handles.find(query, {"user_id": 1, "sources": 1})
        return {int(one["user_id"]): one.get("sources") or [] for one in found}

    @guarded
    def write(self, changes: Sequence[Reselected], *, now: datetime, is_planned: bool) -> int:
        """Follow posts, or no longer, in one bulk; answers how many. One that changed meanwhile stays as it is.

        What is followed again is due now; is_planned: what was read before, when a plan says so. A claim on what is not
        followed any more is void.
        """
        writes = [
            UpdateOne({"_id": str(one.post_id), "follow_from": one.before}, _change(one, now, is_planned))
            for one in changes
        ]
        return self._states.bulk_write(writes, ordered=False).modified_count if writes else 0

    @guarded
    def move(self, walk: Walk, cursor: datetime | None) -> None:
        """Note from when on a walk goes on; None: it has come to the end."""
        as_asked = {"_id": walk.source, f"{RESELECT}.asked_at": walk.asked_at}
        if cursor is not None:
            change: Document = {"$set": {f"{RESELECT}.cursor": cursor}}
        elif walk.is_second:
            change = {"$unset": {RESELECT: ""}}
        else:
            change = {"$set": {RESELECT: {"asked_at": walk.asked_at, "read_once": True}}}
        self._sources.update_one(as_asked, change)


def _walk(source: str, document: Document) -> Walk:
    return Walk(source, document["asked_at"], document.get("cursor"), bool(document.get("read_once")))


def _concerned(post: Document, state: Document) -> Concerned:
    author, metrics = post.get("author_id"), state.get("metrics")
    return Concerned(
        post_id=int(post["_id"]),
        created_at=post["created_at"],
        author_id=None if author is None else int(author),
        concerns=tuple(_concerns(post["concerns"])),
        metrics=metrics_from_document(metrics) if metrics else None,
        follow_from=state.get("follow_from"),
    )


def _concerns(documents: Iterable[Document]) -> Iterable[Concern]:
    return (Concern(one["source"], one["member"], Why(one["why"])) for one in documents)


def _change(one: Reselected, now: datetime, is_planned: bool) -> Document | list[Document]:
    if one.follow_from is not None:
        return {"$set": {"follow_from": one.follow_from, "next_refresh_at": None}, "$unset": {"claim_id": ""}}
    if not is_planned:
        return {"$set": {"follow_from": None, "next_refresh_at": now}}
    was_read = {"$eq": [{"$type": "$read_at"}, "date"]}  # what never was is in no plan
    return [{"$set": {"follow_from": None, "next_refresh_at": {"$cond": [was_read, None, now]}}}]
