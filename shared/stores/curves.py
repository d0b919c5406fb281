"""Snapshots of posts between two times: of posts that are named, of an account, of a source. Reads only.

    subject --its posts, a part at a time, in the order in which they were made--> their snapshots, by post and time

Each page takes a bounded number of queries, each by one index, however much is stored: one for each way in which a
subject has posts, one for the snapshots, one for what held when the span began. A page may be empty and not be the
last: of its posts none was read in the span. Invariant: going on after the mark of a page until there is none tells
every snapshot once; posts that are stored meanwhile behind the mark are left out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pymongo import ASCENDING, DESCENDING

from shared.domain.errors import InputError
from shared.stores.database import Db, Document, guarded

POSTS, SNAPSHOTS = 500, 2_000  # of a page, at most
_BEGIN = datetime(2006, 1, 1, tzinfo=UTC)
_END = datetime(9999, 1, 1, tzinfo=UTC)
_ORDER = [("post_id", ASCENDING), ("at", ASCENDING)]
_NEWEST_FIRST = {"post_id": DESCENDING, "at": DESCENDING}
_OLDEST_FIRST = {"post_id": ASCENDING, "at": ASCENDING}


@dataclass(frozen=True, slots=True)
class Span:
    """Not before `since`, and before `until`."""

    since: datetime = _BEGIN
    until: datetime = _END


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a page ended: in the part of the posts that were made at `made_at` or later, after that snapshot."""

    made_at: datetime
    post_id: str = ""
    at: datetime = _BEGIN

    def __str__(self) -> str:
        """As a word, for people and files."""
        return f"{self.made_at.isoformat()}/{self.post_id}/{self.at.isoformat()}"

    @classmethod
    def read(cls, word: str) -> Mark:
        """The mark of that word. Raises InputError where it is none."""
        try:
            made_at, post_id, at = word.split("/")
            times = [datetime.fromisoformat(one) for one in (made_at, at)]
            if None in {one.tzinfo for one in times}:
                raise ValueError("a time without a zone")
            first, last = (one.astimezone(UTC) for one in times)
        except (ValueError, OverflowError):
            raise InputError(f"{word[:80]!r} is no mark of a page: give the one that was shown") from None
        return cls(first, post_id, last)


@dataclass(frozen=True, slots=True)
class Page:
    """Snapshots by post and time, of so many posts that were looked at; where to go on, None at the end."""

    snapshots: list[Document]
    posts: int
    after: Mark | None


@dataclass(frozen=True, slots=True)
class Part:
    """Ids of posts, and when those were made with which the next part begins; None where there are no more."""

    post_ids: list[str]
    then: datetime | None = None


class CurveStore:
    """Snapshots by subject and span. fields: those of a snapshot that are read, all by default."""

    def __init__(self, db: Db, fields: Collection[str] = ()) -> None:
        self._history, self._posts = db["X_engagement_history"], db["X_tweets"]
        self._fields = dict.fromkeys({*fields, "post_id", "at"}, 1) if fields else None

    @guarded
    def of_posts(
        self,
        post_ids: Collection[int],
        span: Span,
        *,
        after: Mark | None = None,
        size: int = SNAPSHOTS,
        held: bool = True,
    ) -> Page:
        """The snapshots of posts. held: also the last one before the span, where it held when the span began."""
        part = Part(sorted(str(one) for one in post_ids))
        return self._page(part, span, after or Mark(_BEGIN), size, held)

    @guarded
    def of_subject(
        self,
        ways: Sequence[Mapping[str, object]],
        span: Span,
        *,
        after: Mark | None = None,
        size: int = SNAPSHOTS,
        posts: int = POSTS,
        held: bool = True,
    ) -> Page:
        """The snapshots of posts that are found in any of the ways, each a query that an index answers by time."""
        mark = after or Mark(_BEGIN)
        return self._page(self.part(ways, mark.made_at, span.until, limit=posts), span, mark, size, held)

    @guarded
    def part(
        self,
        ways: Sequence[Mapping[str, object]],
        since: datetime = _BEGIN,
        until: datetime = _END,
        *,
        limit: int = POSTS,
    ) -> Part:
        """The next posts that are found in any of the ways. Those that were made at one moment are in one part."""
        found: dict[str, datetime] = {}
        full: list[datetime] = []  # how far a way was read that has more
        for way in ways:
            some = self._made(way, {"$gte": since, "$lt": until}, limit)
            if len(some) == limit:
                full.append(max(some.values()))
            found |= some
        if not full:
            return Part(sorted(found))
        then = min(full)
        whole = sorted(one for one, made_at in found.items() if made_at < then)
        return Part(whole, then) if whole else self._moment(ways, then)

    @guarded
    def newest(self, post_ids: Sequence[str]) -> dict[str, Document]:
        """The last snapshot of each post; one document is looked at for each."""
        return self._ends(post_ids, _NEWEST_FIRST)

    @guarded
    def first(self, post_ids: Sequence[str]) -> dict[str, Document]:
        """The first snapshot of each post, at the same price."""
        return self._ends(post_ids, _OLDEST_FIRST)

    def _moment(self, ways: Sequence[Mapping[str, object]], at: datetime) -> Part:
        """All posts of a moment that has more than a part takes."""
        found = {one for way in ways for one in self._made(way, at, 0)}
        return Part(sorted(found), datetime.fromtimestamp(at.timestamp() + 0.001, UTC))

    def _made(self, way: Mapping[str, object], made_at: object, limit: int) -> dict[str, datetime]:
        query = {**way, "created_at": made_at}
        rows = self._posts.find(query, {"created_at": 1}).sort("created_at", ASCENDING).limit(limit)
        return {row["_id"]: row["created_at"] for row in rows.batch_size((limit or POSTS) + 1)}

    def _page(self, part: Part, span: Span, mark: Mark, size: int, held: bool) -> Page:
        ids = [one for one in part.post_ids if one >= mark.post_id]
        following = None if part.then is None else Mark(part.then)
        if not ids:
            return Page([], 0, following)
        found = self._between(ids, span, mark, size)
        if held and span.since > _BEGIN:
            fresh = [one for one in ids if one > mark.post_id]
            found = sorted([*self._held(fresh, span.since), *found], key=lambda one: (one["post_id"], one["at"]))
        if len(found) < size:
            return Page(found, len(ids), following)
        post_id, at = found[size - 1]["post_id"], found[size - 1]["at"]
        whole = [one for one in found[:size] if (one["post_id"], one["at"]) != (post_id, at)]
        whole += self._history.find({"post_id": post_id, "at": at}, self._fields)  # two readings of one moment
        return Page(whole, sum(one <= post_id for one in ids), Mark(mark.made_at, post_id, at))

    def _between(self, ids: Sequence[str], span: Span, mark: Mark, size: int) -> list[Document]:
        """Snapshots of the span after the mark."""
        within: Document = {"$gte": span.since, "$lt": span.until}
        query: Document = {"post_id": {"$in": list(ids)}, "at": within}
        if ids[0] == mark.post_id:  # in the middle of a series
            begun = {"post_id": ids[0], "at": {"$gt": mark.at, **within}}
            query = {"$or": [begun, {"post_id": {"$in": list(ids[1:])}, "at": within}]}
        return list(self._history.find(query, self._fields).sort(_ORDER).limit(size).batch_size(size + 1))

    def _held(self, ids: Sequence[str], since: datetime) -> list[Document]:
        """The last snapshots before the span that later readings said again within it."""
        return [
            one
            for one in self._ends(ids, _NEWEST_FIRST, {"at": {"$lt": since}}).values()
            if (one.get("through") or one["at"]) >= since
        ]

    def _ends(
        self, ids: Sequence[str], order: Mapping[str, int], within: Document | None = None
    ) -> dict[str, Document]:
        steps: list[Document] = [
            {"$match": {"post_id": {"$in": list(ids)}, **(within or {})}},
            {"$sort": dict(order)},
            {"$group": {"_id": "$post_id", "one": {"$first": "$$ROOT"}}},
        ]
        return {row["_id"]: row["one"] for row in self._history.aggregate(steps, batchSize=len(ids) + 1)}
