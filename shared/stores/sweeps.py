"""`X_sweeps`: where each reading of a stream or of a post's quotes stands, so that a crash resumes at its page.

Invariant: at most one sweep of a subject is open (a unique partial index), and a page is passed once (compare-and-set
on `page`).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple

from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from shared.domain.coverage.sweeps import ReadBy, Sweep, SweepKind, SweepStatus
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

# Ended sweeps are kept for the questions of the next fortnight, then MongoDB removes them.
KEEP_ENDED = timedelta(days=14)


ONE_OPEN = Index(
    "X_sweeps",
    {"kind": ASCENDING, "subject": ASCENDING},
    {"unique": True, "partialFilterExpression": {"status": SweepStatus.OPEN.value}},
    called="one_open_sweep_a_subject",
    rests_on_it="the searches and the readings of quotes",
)
INDEXES = (
    ONE_OPEN,
    Index("X_sweeps", {"status": ASCENDING, "progress_at": ASCENDING}),
    Index("X_sweeps", {"subject": ASCENDING, "started_at": DESCENDING}),
    Index("X_sweeps", {"posts": ASCENDING}, {"sparse": True}),
    Index("X_sweeps", {"ended_at": ASCENDING}, {"expireAfterSeconds": int(KEEP_ENDED.total_seconds())}),
)


_SEARCHES = {"$ne": SweepKind.QUOTES.value}


class SweepSums(NamedTuple):
    """sweeps: how many ended. seen, new: posts that they were shown, and of them those that were not stored before.
    seconds: from the beginning to the end of each, added up.
    """

    sweeps: int = 0
    seen: int = 0
    new: int = 0
    seconds: float = 0.0


class SweepStore:
    """Opens, advances and closes sweeps."""

    def __init__(self, db: Db) -> None:
        self._sweeps = db["X_sweeps"]

    @guarded
    def open(self, sweep: Sweep) -> bool:
        """Open a sweep; False when the subject has one that is open, or this one was opened before."""
        try:
            self._sweeps.insert_one(
                {"_id": sweep.id, **_to_document(sweep), "progress_at": sweep.started_at, "nudges": 0}
            )
        except DuplicateKeyError:
            return False
        return True

    @guarded
    def get(self, sweep_id: str) -> Sweep | None:
        """The sweep, None for an unknown or forgotten id."""
        document = self._sweeps.find_one({"_id": sweep_id})
        return _from_document(document) if document else None

    @guarded
    def newest_of(self, subject: str, limit: int = 1) -> list[Sweep]:
        """The newest sweeps of a subject that are remembered, the newest first."""
        found = self._sweeps.find({"subject": subject}).sort("started_at", DESCENDING).limit(limit)
        return [_from_document(document) for document in found]

    @guarded
    def that_passed(self, post_id: int, *, after: datetime, before: datetime) -> list[Sweep]:
        """Search sweeps that last got on within a time and reach below a post, the oldest first."""
        found = self._sweeps.find(
            {
                "status": {"$in": [status.value for status in SweepStatus]},
                "progress_at": {"$gte": after, "$lte": before},
                "kind": _SEARCHES,
            }
        ).sort("started_at", ASCENDING)
        return [sweep for sweep in map(_from_document, found) if sweep.since_id < post_id]

    @guarded
    def advance(self, before: Sweep, after: Sweep, *, now: datetime) -> bool:
        """Put `after` in the place of `before`; False when somebody else passed that page first."""
        change = {**_to_document(after), "progress_at": now, "nudges": 0, "short_answers": 0}
        if after.status is not SweepStatus.OPEN:
            change["ended_at"] = now
        result = self._sweeps.update_one(
            {"_id": before.id, "status": SweepStatus.OPEN.value, "page": before.page}, {"$set": change}
        )
        return result.matched_count == 1

    @guarded
    def fell_short(self, sweep: Sweep, *, now: datetime) -> int:
        """Note that the sweep's present page came without all its posts; answers how often, 0 if it was passed."""
        document = self._sweeps.find_one_and_update(
            {"_id": sweep.id, "status": SweepStatus.OPEN.value, "page": sweep.page},
            {"$inc": {"short_answers": 1}, "$set": {"progress_at": now}},
            return_document=ReturnDocument.AFTER,
        )
        return 0 if document is None else int(document["short_answers"])

    @guarded
    def stalled(self, *, before: datetime, limit: int) -> list[tuple[Sweep, int]]:
        """Open sweeps without progress since `before`, with how often each was nudged since."""
        found = self._sweeps.find({"status": SweepStatus.OPEN.value, "progress_at": {"$lt": before}})
        return [(_from_document(d), d.get("nudges", 0)) for d in found.sort("progress_at", 1).limit(limit)]

    @guarded
    def nudge(self, sweep_id: str, *, now: datetime) -> None:
        """Note that the sweep's present page was sent again."""
        self._sweeps.update_one({"_id": sweep_id}, {"$inc": {"nudges": 1}, "$set": {"progress_at": now}})

    @guarded
    def abandon(self, sweep: Sweep, *, now: datetime) -> bool:
        """Close a sweep that does not get on; the cursor did not move, so the next one reads the same again."""
        result = self._sweeps.update_one(
            {"_id": sweep.id, "status": SweepStatus.OPEN.value, "page": sweep.page},
            {"$set": {"status": SweepStatus.ABANDONED.value, "ended_at": now}},
        )
        return result.matched_count == 1

    @guarded
    def sums(self, *, start: datetime, end: datetime) -> dict[date, SweepSums]:
        """What the sweeps did that ended within a time, by the UTC day on which they ended."""
        seconds = {"$divide": [{"$subtract": ["$ended_at", "$started_at"]}, 1000]}
        stages: list[Document] = [
            {"$match": {"ended_at": {"$gte": start, "$lt": end}}},
            {
                "$group": {
                    "_id": {"$dateToString": {"format": "%Y-%m-%d", "date": "$ended_at"}},
                    "sweeps": {"$sum": 1},
                    "seen": {"$sum": "$posts_seen"},
                    "new": {"$sum": "$posts_new"},
                    "seconds": {"$sum": seconds},
                }
            },
        ]
        return {
            date.fromisoformat(row.pop("_id")): SweepSums(**{name: row[name] for name in SweepSums._fields})
            for row in self._sweeps.aggregate(stages)
        }

    @guarded
    def open_searches(self) -> list[Sweep]:
        """The searches that are under way."""
        found = self._sweeps.find({"kind": _SEARCHES, "status": SweepStatus.OPEN.value})
        return [_from_document(document) for document in found]

    @guarded
    def open_subjects(self, kind: SweepKind) -> set[str]:
        """The subjects that have an open sweep."""
        return set(self._sweeps.distinct("subject", {"kind": kind.value, "status": SweepStatus.OPEN.value}))

    @guarded
    def quoted_posts(self) -> set[int]:
        """The posts whose quotes are being read."""
        under_way = {"kind": SweepKind.QUOTES.value, "status": SweepStatus.OPEN.value}
        found = self._sweeps.find(under_way, {"subject": 1, "posts": 1})
        return {int(one) for sweep in found for one in (sweep["subject"], *sweep.get("posts", ()))}


def _to_document(sweep: Sweep) -> Document:
    return {
        "kind": sweep.kind.value,
        "subject": sweep.subject,
        "queue": sweep.queue,
        "query": sweep.query,
        "since_id": str(sweep.since_id),
        "started_at": sweep.started_at,
        "status": sweep.status.value,
        "page": sweep.page,
        "next_token": sweep.next_token,
        "until_id": _text(sweep.until_id),
        "newest_id": _text(sweep.newest_id),
        "oldest_id": _text(sweep.oldest_id),
        "stalls": sweep.stalls,
        "posts_seen": sweep.posts_seen,
        "posts_new": sweep.posts_new,
        "through_at": sweep.through_at,
        "stuck": sweep.stuck,
        "run_id": sweep.run_id,
        "route": sweep.route.value,
        "from_at": sweep.from_at,
        "to_at": sweep.to_at,
        "known_id": str(sweep.known_id),
        "posts_late": sweep.posts_late,
        "credential": sweep.credential,
        "share_of": sweep.share_of,
        "has_rested": sweep.has_rested,
        **({"posts": [str(one) for one in sweep.posts]} if sweep.posts else {}),
    }


def _from_document(document: Document) -> Sweep:
    return Sweep(
        id=document["_id"],
        kind=SweepKind(document["kind"]),
        subject=document["subject"],
        queue=document["queue"],
        query=document["query"],
        since_id=int(document["since_id"]),
        started_at=document["started_at"],
        status=SweepStatus(document["status"]),
        page=document["page"],
        next_token=document["next_token"],
        until_id=_number(document["until_id"]),
        newest_id=_number(document["newest_id"]),
        oldest_id=_number(document["oldest_id"]),
        stalls=document["stalls"],
        posts_seen=document["posts_seen"],
        posts_new=document["posts_new"],
        through_at=document["through_at"],
        stuck=document["stuck"],
        run_id=document.get("run_id"),
        route=ReadBy(document.get("route", ReadBy.RECENT)),
        from_at=document.get("from_at"),
        to_at=document.get("to_at"),
        known_id=int(document.get("known_id", 0)),
        posts_late=document.get("posts_late", 0),
        credential=document.get("credential"),
        share_of=document.get("share_of"),
        has_rested=document.get("has_rested", False),
        posts=tuple(int(one) for one in document.get("posts", ())),
    )


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def _number(value: str | None) -> int | None:
    return None if value is None else int(value)
