"""Sums over the mentions of a tenant between two times: by day, language, source and author. Reads only.

Each is one pass over the span by an index that begins with the tenant; by day and by language the index alone is read.
What takes longer than `MOST_SECONDS` is given up, and a shorter span asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import pymongo
from pymongo import DESCENDING
from pymongo.errors import ExecutionTimeout, NetworkTimeout

from shared.domain.errors import InputError
from shared.domain.mentions import MentionStatus
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index
from shared.stores.mentions import BY_LANGUAGE, BY_STATUS

MOST_SECONDS: Final = 5.0
_DAY: Final = {"$dateTrunc": {"date": "$published_at", "unit": "day"}}
_ACTS: Final = {
    "$sum": {"$add": [{"$ifNull": [f"${name}", 0]} for name in ("likes_count", "comments_count", "shares_count")]}
}
_SUMS: Final[Document] = {"mentions": {"$sum": 1}, "acts": _ACTS}


@dataclass(frozen=True, slots=True)
class Span:
    """Mentions of a tenant that were published from `since` on and before `until`."""

    tenant: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Series:
    """How many mentions a value has, in all and by UTC day; days without one are left out."""

    value: str | None
    mentions: int
    days: dict[date, int]


@dataclass(frozen=True, slots=True)
class Sum:
    """Mentions of a source or an author, and the likes, replies and reposts that they had when last read."""

    value: str
    mentions: int
    acts: int


class AnalysisStore:
    """Sums over `mentions`."""

    def __init__(self, db: Db, *, most_seconds: float = MOST_SECONDS) -> None:
        self._mentions, self._most_seconds = db["mentions"], most_seconds

    @guarded
    def by_day(self, span: Span) -> dict[date, int]:
        """How many mentions each UTC day has; days without one are left out."""
        rows = self._sums(span, BY_STATUS, [{"$group": {"_id": _DAY, "n": {"$sum": 1}}}])
        return {row["_id"].date(): row["n"] for row in rows}

    @guarded
    def by_language(self, span: Span, *, most: int) -> list[Series]:
        """The most frequent languages, by day."""
        return self._series(span, BY_LANGUAGE, "language", [], most)

    @guarded
    def by_source(self, span: Span, *, most: int) -> list[Series]:
        """The sources with most mentions, by day. A mention counts for each source that it concerns."""
        return self._series(span, BY_STATUS, "sources", [{"$unwind": "$sources"}], most)

    @guarded
    def authors(self, span: Span, *, most: int) -> list[Sum]:
        """The authors with most mentions, by their ids; of as many, those with more acts first."""
        steps: list[Document] = [
            {"$match": {"author_id": {"$ne": None}}},
            {"$group": {"_id": "$author_id", **_SUMS}},
            {"$sort": {"mentions": DESCENDING, "acts": DESCENDING, "_id": DESCENDING}},
            {"$limit": most},
        ]
        return [Sum(row["_id"], row["mentions"], row["acts"]) for row in self._sums(span, BY_STATUS, steps)]

    @guarded
    def sources(self, span: Span, among: Sequence[str]) -> list[Sum]:
        """Of each of the sources: a mention counts for each that it concerns. Those without one are left out."""
        own = {"sources": {"$in": list(among)}}
        steps: list[Document] = [
            {"$match": own},
            {"$unwind": "$sources"},
            {"$match": own},
            {"$group": {"_id": "$sources", **_SUMS}},
        ]
        return [Sum(row["_id"], row["mentions"], row["acts"]) for row in self._sums(span, BY_STATUS, steps)]

    def _series(self, span: Span, index: Index, field: str, before: list[Document], most: int) -> list[Series]:
        steps: list[Document] = [
            *before,
            {"$group": {"_id": {"value": f"${field}", "day": _DAY}, "n": {"$sum": 1}}},
            {"$group": {"_id": "$_id.value", "n": {"$sum": "$n"}, "days": {"$push": {"day": "$_id.day", "n": "$n"}}}},
            {"$sort": {"n": DESCENDING, "_id": DESCENDING}},
            {"$limit": most},
        ]
        return [
            Series(row["_id"], row["n"], {one["day"].date(): one["n"] for one in row["days"]})
            for row in self._sums(span, index, steps)
        ]

    def _sums(self, span: Span, index: Index, steps: Sequence[Document]) -> list[Document]:
        """Raises InputError for what takes too long. The driver gives up at the moment at which it told MongoDB to, so
        that either may be the first to say so.
        """
        wanted: Document = {"tenant_id": span.tenant, "published_at": {"$gte": span.since, "$lt": span.until}}
        if index is BY_STATUS:
            wanted["status"] = {"$in": [one.value for one in MentionStatus]}
        try:
            with pymongo.timeout(self._most_seconds):
                return list(self._mentions.aggregate([{"$match": wanted}, *steps], hint=index.name))
        except (ExecutionTimeout, NetworkTimeout):
            fault = f"MongoDB needs longer than {self._most_seconds:g} s for that: ask for a shorter span"
            raise InputError(fault) from None
