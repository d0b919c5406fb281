"""The fields of `X_engagement` that say down to where the quotes of each post were read, and when last.

Must not decide whose quotes are read: `domain.coverage.quotes` does. Invariant: time and cursor only move forward.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shared.domain.coverage.quotes import QuoteCandidate
from shared.domain.models import PostState
from shared.stores.database import Db, Document, guarded
from shared.stores.posts import metrics_from_document


class QuoteStore:
    """What is known of the quotes of each followed post."""

    def __init__(self, db: Db) -> None:
        self._states = db["X_engagement"]

    @guarded
    def candidates(self, posts: Sequence[Document]) -> list[QuoteCandidate]:
        """Candidates for the quote rule from documents of posts, with the freshest counts known."""
        found = self._states.find(
            {"_id": {"$in": [post["_id"] for post in posts]}, "state": PostState.ALIVE.value},
            {"metrics": 1, "quotes_read_at": 1},
        )
        states = {document["_id"]: document for document in found}
        candidates = []
        for post in posts:
            state = states.get(post["_id"])
            if state is None:
                continue
            counts = metrics_from_document(state.get("metrics") or post.get("public_metrics") or {})
            candidates.append(
                QuoteCandidate(
                    post_id=int(post["_id"]),
                    quote_count=counts.quote_count or 0,
                    like_count=counts.like_count or 0,
                    quotes_read_at=state.get("quotes_read_at"),
                )
            )
        return candidates

    @guarded
    def cursor(self, post_id: int, *, read_at: datetime | None) -> int | None:
        """Below which id all quotes were read (0 for none); None when the last reading is no more that of `read_at`."""
        document = self._states.find_one({"_id": str(post_id), "quotes_read_at": read_at}, {"quotes_cursor_id": 1})
        return None if document is None else int(document.get("quotes_cursor_id") or 0)

    @guarded
    def note_read(self, post_id: int, *, at: datetime, cursor_id: int | None) -> None:
        """A reading that began at `at` has ended. All quotes below `cursor_id` are stored: move the cursor there, by
        numeric order, never back; None leaves it.
        """
        self._states.update_one({"_id": str(post_id)}, {"$max": {"quotes_read_at": at}})
        if cursor_id is None:
            return
        known = {"$toDecimal": {"$ifNull": ["$quotes_cursor_id", "0"]}}
        self._states.update_one(
            {"_id": str(post_id), "$expr": {"$lt": [known, {"$toDecimal": str(cursor_id)}]}},
            {"$set": {"quotes_cursor_id": str(cursor_id)}},
        )
