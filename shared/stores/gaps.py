"""`gaps`: spans of streams that are not stored, what becomes of them, and those that were filled."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING, UpdateOne

from shared.domain.coverage.gaps import Gap, GapReason, GapState
from shared.domain.sources import DEFAULT_PRIORITY
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index
from shared.stores.paging import Key, after

# What was filled is kept as history for a quarter of a year.
KEEP_FILLED = timedelta(days=92)

INDEXES = (
    Index("gaps", {"state": ASCENDING, "priority": DESCENDING, "to_at": DESCENDING}),
    Index("gaps", {"stream": ASCENDING, "from_at": ASCENDING}),
    Index("gaps", {"members": ASCENDING, "state": ASCENDING}),
    Index("gaps", {"run_id": ASCENDING}, {"sparse": True}),
    Index("gaps", {"filled_at": ASCENDING}, {"expireAfterSeconds": int(KEEP_FILLED.total_seconds())}),
)


class GapStore:
    """Notes gaps once each, and moves them on by compare-and-set on their state."""

    def __init__(self, db: Db) -> None:
        self._gaps = db["gaps"]

    @guarded
    def note(self, gaps: Iterable[Gap]) -> list[Gap]:
        """Note gaps; answers those that were not known."""
        noted = list(gaps)
        if not noted:
            return []
        writes = [
            UpdateOne({"_id": gap.id}, {"$setOnInsert": {**_to_document(gap), "unfed": gap.noted_at}}, upsert=True)
            for gap in noted
        ]
        new = self._gaps.bulk_write(writes, ordered=False).upserted_ids or {}
        return [gap for index, gap in enumerate(noted) if index in new]

    @guarded
    def get(self, gap_id: str) -> Gap | None:
        """The gap, None for an unknown id."""
        document = self._gaps.find_one({"_id": gap_id})
        return _from_document(document) if document else None

    @guarded
    def due(
        self, *, now: datetime, limit: int, apart_from: Iterable[str] = (), resting: Iterable[str] = ()
    ) -> list[Gap]:
        """Open gaps that may be tried now, those of high priority and the newest first; none of resting streams."""
        wanted: Document = {"state": GapState.OPEN.value, "try_at": {"$lte": now}, "_id": {"$nin": list(apart_from)}}
        if left_out := list(resting):
            wanted["stream"] = {"$nin": left_out}
        found = self._gaps.find(wanted).sort([("priority", DESCENDING), ("to_at", DESCENDING)]).limit(limit)
        return [_from_document(document) for document in found]

    @guarded
    def missing(
        self, *, streams: Iterable[str] | None = None, members: Iterable[str] | None = None, limit: int = 0
    ) -> list[Gap]:
        """What is not filled, of streams or members or of all; by time. limit: 0 for all."""
        query: Document = {"state": {"$in": [GapState.OPEN.value, GapState.FINAL.value]}}
        if streams is not None:
            query["stream"] = {"$in": list(streams)}
        if members is not None:
            query["members"] = {"$in": list(members)}
        return [_from_document(document) for document in self._gaps.find(query).sort("from_at", 1).limit(limit)]

    @guarded
    def page(self, members: Iterable[str], *, start: Key | None, limit: int) -> list[Gap]:
        """What is not filled of members, the newest first, or what comes after a key (`from_at`, `_id`)."""
        missing = {"state": {"$in": [GapState.OPEN.value, GapState.FINAL.value]}, "members": {"$in": list(members)}}
        found = self._gaps.find({**missing, **after("from_at", start)})
        order = [("from_at", DESCENDING), ("_id", DESCENDING)]
        return [_from_document(document) for document in found.sort(order).limit(limit)]

    @guarded
    def around(self, moment: datetime, limit: int = 20) -> list[Gap]:
        """What is not filled and holds a moment."""
        missing = {"$in": [GapState.OPEN.value, GapState.FINAL.value]}
        found = self._gaps.find({"state": missing, "from_at": {"$lte": moment}, "to_at": {"$gte": moment}}).limit(limit)
        return [_from_document(document) for document in found]

    @guarded
    def of_run(self, run_id: str) -> list[Gap]:
        """The gaps that a run asked to be filled, filled or not."""
        return [_from_document(document) for document in self._gaps.find({"run_id": run_id}).sort("from_at", 1)]

    @guarded
    def open_of_runs(self) -> list[Gap]:
        """What is still to be filled for somebody's request."""
        found = self._gaps.find({"state": GapState.OPEN.value, "run_id": {"$ne": None}})
        return [_from_document(document) for document in found]

    @guarded
    def open(self) -> list[Gap]:
        """What is still to be filled."""
        return [_from_document(document) for document in self._gaps.find({"state": GapState.OPEN.value})]

    @guarded
    def counts(self) -> dict[tuple[str, str], tuple[int, float]]:
        """(state, reason) -> how many gaps are not filled, and how many seconds they are."""
        length: Document = {"$divide": [{"$subtract": ["$to_at", "$from_at"]}, 1000]}
        stages: list[Document] = [
            {"$match": {"state": {"$in": [GapState.OPEN.value, GapState.FINAL.value]}}},
            {"$group": {"_id": ["$state", "$reason"], "n": {"$sum": 1}, "seconds": {"$sum": length}}},
        ]
        return {(row["_id"][0], row["_id"][1]): (row["n"], row["seconds"]) for row in self._gaps.aggregate(stages)}

    @guarded
    def replace(self, gap: Gap, parts: Iterable[Gap], *, now: datetime) -> bool:
        """Put parts in the place of an open gap: they are noted first, so that at no time less is missing than is.

        False where the gap is not open any more.
        """
        self.note(parts)
        return self.end(gap.id, GapState.FILLED, now=now, into=True)

    @guarded
    def put(self, gap: Gap) -> None:
        """Note how an open gap stands: its tries, and when the next one is due."""
        change = {"attempts": gap.attempts, "try_at": gap.try_at, "priority": gap.priority, "run_id": gap.run_id}
        self._gaps.update_one({"_id": gap.id, "state": GapState.OPEN.value}, {"$set": change})

    @guarded
    def end(self, gap_id: str, state: GapState, *, now: datetime, into: bool = False) -> bool:
        """End an open gap as filled or final; answers whether it was open. into: other gaps took its place."""
        change: dict[str, Any] = {"state": state.value, "ended_at": now, "unfed": now}
        if state is GapState.FILLED:
            change |= {"filled_at": now, "divided": into}
        return self._gaps.update_one({"_id": gap_id, "state": GapState.OPEN.value}, {"$set": change}).matched_count > 0

    @guarded
    def reopen(self, *, now: datetime) -> int:
        """Let what no route reached be tried again, for the plan has one now; answers how many."""
        change = {"$set": {"state": GapState.OPEN.value, "try_at": now}, "$unset": {"ended_at": ""}}
        return self._gaps.update_many({"state": GapState.FINAL.value}, change).modified_count

    @guarded
    def withdraw(self, run_id: str, *, noted_from: datetime, apart_from: Iterable[str] = ()) -> int:
        """Forget the open gaps that a run noted, because nobody wants that time any more; answers how many.

        Those that were there before it go on as if nobody had asked for them.
        """
        own = {"run_id": run_id, "state": GapState.OPEN.value, "_id": {"$nin": list(apart_from)}}
        gone = self._gaps.delete_many({**own, "noted_at": {"$gte": noted_from}}).deleted_count
        self._gaps.update_many(own, {"$set": {"run_id": None, "priority": DEFAULT_PRIORITY}})
        return gone

    @guarded
    def forget(self, stream_id: str, *, since: datetime) -> None:
        """Forget the gaps of a stream from a moment on: that time is read again, and what cannot be is noted anew."""
        self._gaps.delete_many(
            {"stream": stream_id, "from_at": {"$gte": since}, "state": {"$ne": GapState.FILLED.value}}
        )


def _to_document(gap: Gap) -> Document:
    return {
        "stream": gap.stream,
        "members": list(gap.members),
        "from_at": gap.from_at,
        "to_at": gap.to_at,
        "reason": gap.reason.value,
        "state": gap.state.value,
        "noted_at": gap.noted_at,
        "priority": gap.priority,
        "run_id": gap.run_id,
        "attempts": gap.attempts,
        "try_at": gap.try_at,
    }


def _from_document(document: Document) -> Gap:
    return Gap(
        id=document["_id"],
        stream=document["stream"],
        members=tuple(document["members"]),
        from_at=document["from_at"],
        to_at=document["to_at"],
        reason=GapReason(document["reason"]),
        state=GapState(document["state"]),
        noted_at=document["noted_at"],
        priority=document["priority"],
        run_id=document["run_id"],
        attempts=document["attempts"],
        try_at=document["try_at"],
        is_divided=document.get("divided", False),
    )
