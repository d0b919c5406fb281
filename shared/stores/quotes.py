"""The fields of `X_engagement` that say how far the quotes of each post were read, when last, and how many are missing.

Must not decide whose quotes are read: `domain.coverage.quotes` does. Invariant: time and cursor only move forward.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from pymongo import UpdateOne

from shared.domain.attribution import Why
from shared.domain.coverage.quotes import QuoteCandidate, accounted_for
from shared.domain.models import PostState, ReferenceType
from shared.stores.database import Db, Document, guarded
from shared.stores.posts import metrics_from_document
from shared.stores.quote_debts import BY_DEBT, COUNTED, OWED, WANTED, recounted

INDEXES = (BY_DEBT,)
_SHOWN = {"metrics": 1, "quotes_read_at": 1, "quotes_cursor_id": 1, COUNTED: 1}


class QuoteStore:
    """What is known of the quotes of each followed post."""

    def __init__(self, db: Db) -> None:
        self._states = db["X_engagement"]
        self._posts = db["X_tweets"]

    @guarded
    def candidates(self, posts: Sequence[Document]) -> list[QuoteCandidate]:
        """Candidates for the quote rule from documents of posts, with the freshest counts known."""
        found = self._states.find(
            {"_id": {"$in": [post["_id"] for post in posts]}, "state": PostState.ALIVE.value}, _SHOWN
        )
        states = {document["_id"]: document for document in found}
        return [_candidate(states[post["_id"]], post.get("public_metrics")) for post in posts if post["_id"] in states]

    @guarded
    def indebted(
        self, *, read_before: datetime, limit: int, apart_from: Collection[int] = ()
    ) -> list[tuple[QuoteCandidate, int | None]]:
        """The posts with the most missing quotes, the older first of those with as many, and the author of each.

        read_before: those that were read since then wait.
        """
        rested: Document = {"$or": [{"quotes_read_at": None}, {"quotes_read_at": {"$lte": read_before}}]}
        owing: Document = {OWED: {"$gt": 0}, "_id": {"$nin": [str(one) for one in apart_from]}, **rested}
        found = list(self._states.find(owing, _SHOWN).sort([(OWED, -1), ("created_at", 1)]).limit(limit))
        written = self._posts.find({"_id": {"$in": [document["_id"] for document in found]}}, {"author_id": 1})
        authors = {post["_id"]: post.get("author_id") for post in written}
        return [
            (_candidate(one), int(author) if (author := authors.get(one["_id"])) is not None else None) for one in found
        ]

    @guarded
    def want(self, post_ids: Collection[int]) -> None:
        """Their quotes are wanted from now on, whoever wrote them; those that are not known are passed over."""
        query = {"_id": {"$in": [str(one) for one in post_ids]}, WANTED: {"$ne": True}}
        self._states.update_many(query, recounted({WANTED: True}))

    @guarded
    def want_no_more(self, post_ids: Collection[int]) -> None:
        """Their quotes are not wanted any more."""
        gone = {"_id": {"$in": [str(one) for one in post_ids]}}
        self._states.update_many(gone, {"$unset": {WANTED: "", OWED: ""}})

    @guarded
    def authored(self, post_ids: Sequence[int]) -> dict[int, list[str]]:
        """Of each stored post the members of streams that wrote it."""
        found = self._posts.find({"_id": {"$in": [str(one) for one in post_ids]}}, {"concerns": 1})
        return {int(post["_id"]): _authors(post) for post in found}

    @guarded
    def note_read(self, post_ids: Sequence[int], *, at: datetime, cursor_id: int | None, is_gone: bool = False) -> None:
        """A reading of their quotes that began at `at` has ended: move their cursors, and settle what was missing.

        All quotes below `cursor_id` are stored; None leaves the cursor. is_gone: X has no quotes of them to show.
        Noted once, however often it is told.
        """
        query: Document = {"_id": {"$in": [str(one) for one in post_ids]}}
        states = list(self._states.find(query, {"metrics": 1, "read_at": 1, "quotes_stored": 1}))
        stored = self._stored([state["_id"] for state in states])
        changes = {state["_id"]: _settled(state, stored.get(state["_id"], 0), at, is_gone=is_gone) for state in states}
        moved = {"quotes_read_at": at} | ({} if cursor_id is None else {"quotes_cursor_id": _later(cursor_id)})
        is_new = {"$or": [{"quotes_read_at": None}, {"quotes_read_at": {"$lt": at}}]}
        updates = [UpdateOne({"_id": id_, **is_new}, recounted({**moved, **change})) for id_, change in changes.items()]
        if updates:
            self._states.bulk_write(updates, ordered=False)

    def _stored(self, ids: Sequence[str]) -> Mapping[str, int]:
        """How many living quotes of each are stored."""
        quoting: Document = {"referenced_tweets.id": {"$in": list(ids)}, "gone": {"$exists": False}}
        rows = self._posts.aggregate(
            [
                {"$match": quoting},
                {"$unwind": "$referenced_tweets"},
                {"$match": {"referenced_tweets.type": ReferenceType.QUOTED.value}},
                {"$group": {"_id": "$referenced_tweets.id", "n": {"$sum": 1}}},
            ]
        )
        return {row["_id"]: row["n"] for row in rows}


def _candidate(state: Document, came_with: Document | None = None) -> QuoteCandidate:
    counts = metrics_from_document(state.get("metrics") or came_with or {})
    return QuoteCandidate(
        post_id=int(state["_id"]),
        quote_count=counts.quote_count or 0,
        like_count=counts.like_count or 0,
        quotes_read_at=state.get("quotes_read_at"),
        counted=state.get(COUNTED) or 0,
        cursor_id=int(state.get("quotes_cursor_id") or 0),
    )


def _authors(post: Document) -> list[str]:
    return list(dict.fromkeys(one["member"] for one in post.get("concerns", ()) if one["why"] == Why.AUTHOR))


def _settled(state: Document, stored: int, at: datetime, *, is_gone: bool) -> Document:
    count = metrics_from_document(state.get("metrics") or {}).quote_count or 0
    told_at = state.get("read_at")
    counted = accounted_for(
        count,
        stored=stored,
        stored_before=state.get("quotes_stored"),
        is_told_before=told_at is not None and told_at <= at,
    )
    return {COUNTED: count if is_gone else counted, "quotes_stored": stored}


def _later(cursor_id: int) -> Document:
    """An expression: the later of the two, by number."""
    known = {"$toDecimal": {"$ifNull": ["$quotes_cursor_id", "0"]}}
    return {"$cond": [{"$lt": [known, {"$toDecimal": str(cursor_id)}]}, str(cursor_id), "$quotes_cursor_id"]}
