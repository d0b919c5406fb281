"""`X_streams`: the queries that are followed, each with its cursor and how far it is covered."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pymongo import ASCENDING

from shared.domain.coverage.gaps import GapReason, Unread
from shared.domain.coverage.members import Group
from shared.domain.coverage.streams import Left, Stream
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

ACTIVE, RETIRED = "active", "retired"


INDEXES = (
    Index("X_streams", {"status": ASCENDING}),
    Index("X_streams", {"members": ASCENDING}),
    Index("X_streams", {"left.member": ASCENDING}),
)


class StreamStore:
    """A stream's cursor only moves forward: the write is conditional on the numeric order, by compare-and-set."""

    def __init__(self, db: Db) -> None:
        self._streams = db["X_streams"]

    @guarded
    def add(self, stream: Stream, *, now: datetime) -> None:
        """Begin to follow a stream; adding the same id again changes nothing."""
        self._streams.update_one(
            {"_id": stream.id},
            {"$setOnInsert": {**_to_document(stream), "status": ACTIVE, "created_at": now, "updated_at": now}},
            upsert=True,
        )

    @guarded
    def get(self, stream_id: str) -> Stream | None:
        """The stream, whether active or retired; None for an unknown id."""
        document = self._streams.find_one({"_id": stream_id})
        return _from_document(document) if document else None

    @guarded
    def get_active(self, stream_id: str) -> Stream | None:
        """The stream, None where it is not followed any more."""
        document = self._streams.find_one({"_id": stream_id, "status": ACTIVE})
        return _from_document(document) if document else None

    @guarded
    def active(self) -> list[Stream]:
        """Every stream that is followed, by id."""
        return [_from_document(document) for document in self._streams.find({"status": ACTIVE}).sort("_id", 1)]

    @guarded
    def with_members(self, usernames: Iterable[str]) -> list[Stream]:
        """The active streams that carry any of the names (lower case)."""
        query = {"status": ACTIVE, "members": {"$in": [name.lower() for name in usernames]}}
        return [_from_document(document) for document in self._streams.find(query).sort("_id", 1)]

    @guarded
    def that_carried(self, usernames: Iterable[str]) -> list[Stream]:
        """The streams that carry any of the names (lower case), or did once."""
        names = {"$in": [name.lower() for name in usernames]}
        query = {"$or": [{"members": names}, {"left.member": names}]}
        return [_from_document(document) for document in self._streams.find(query).sort("_id", 1)]

    @guarded
    def replace(
        self, stream: Stream, *, members: tuple[str, ...], query: str, now: datetime, group: Group | None = None
    ) -> bool:
        """Carry other members in it, unless somebody changed or retired it since it was read; answers whether it does.

        No members retire it. The cursor stays, because what remains was covered with the rest; who leaves is noted.
        """
        as_read = {"_id": stream.id, "status": ACTIVE, "members": list(stream.members), "query": stream.query}
        change: Document = {"members": list(members), "query": query} if members else {"status": RETIRED}
        change |= {"updated_at": now} | ({} if group is None else _group(group))
        gone = [{"member": one, "at": now} for one in stream.members if one not in members] if members else []
        push = {"$push": {"left": {"$each": gone}}} if gone else {}
        return self._streams.update_one(as_read, {"$set": change, **push}).matched_count == 1

    @guarded
    def take_over(self) -> None:
        """Give the documents of an earlier version the names of this one: what was `handles` is `members`."""
        before: Document = {"handles": {"$exists": True}}
        if self._streams.find_one(before, {"_id": 1}) is not None:
            self._streams.update_many({**before, "members": {"$exists": False}}, {"$rename": {"handles": "members"}})
        if "handles_1" in self._streams.index_information():
            self._streams.drop_index("handles_1")

    @guarded
    def without_ledger(self, limit: int) -> list[tuple[Stream, list[Unread]]]:
        """Streams of a version that kept no intervals, with the gaps that are noted in them."""
        found = self._streams.find({"gaps": {"$exists": True}}).limit(limit)
        return [
            (
                _from_document(document),
                [Unread(gap["from_at"], gap["to_at"], GapReason(gap["reason"])) for gap in document["gaps"]],
            )
            for document in found
        ]

    @guarded
    def has_ledger(self, stream_id: str) -> None:
        """What the stream had noted in itself is in the ledger now."""
        self._streams.update_one({"_id": stream_id}, {"$unset": {"gaps": ""}})

    @guarded
    def retire(self, stream_ids: Iterable[str], *, now: datetime) -> None:
        """Follow the streams no longer."""
        self._streams.update_many({"_id": {"$in": list(stream_ids)}}, {"$set": {"status": RETIRED, "updated_at": now}})

    @guarded
    def sweep_completed(
        self,
        stream_id: str,
        *,
        sweep_id: str,
        newest_id: int | None,
        through_at: datetime,
        started_at: datetime | None = None,
    ) -> None:
        """Everything up to `through_at` is stored: move the coverage and the cursor forward, never back.

        The same sweep may say so twice (jobs arrive at least once); the second time changes nothing. Nor does one that
        was started before a person set the stream back: it did not read down to there.
        """
        while True:
            document = self._streams.find_one(
                {"_id": stream_id}, {"cursor_id": 1, "last_sweep_id": 1, "set_back_at": 1}
            )
            if document is None or document.get("last_sweep_id") == sweep_id:
                return
            set_back_at = document.get("set_back_at")
            if started_at is not None and set_back_at is not None and started_at <= set_back_at:
                return
            cursor = max(int(document["cursor_id"]), newest_id or 0)
            result = self._streams.update_one(
                {
                    "_id": stream_id,
                    "cursor_id": document["cursor_id"],
                    "last_sweep_id": document.get("last_sweep_id"),
                    "set_back_at": set_back_at,
                },
                {
                    "$set": {"cursor_id": str(cursor), "last_sweep_id": sweep_id},
                    "$max": {"covered_through": through_at},
                    "$inc": {"sweeps_completed": 1},
                    "$currentDate": {"updated_at": True},
                },
            )
            if result.matched_count:
                return

    @guarded
    def rest(self, stream: Stream, *, now: datetime) -> None:
        """Note that the stream was not read now, because its share is spent, or it waits for midnight."""
        self._streams.update_one({"_id": stream.id}, {"$max": {"rested_at": now}})

    @guarded
    def standing(self, stream_ids: Iterable[str]) -> dict[str, datetime | None]:
        """Those of the streams that are followed, with when they last rested."""
        found = self._streams.find({"_id": {"$in": list(stream_ids)}, "status": ACTIVE}, {"rested_at": 1})
        return {document["_id"]: document.get("rested_at") for document in found}

    @guarded
    def of_shares(self, sources: Iterable[str]) -> set[str]:
        """The ids of the active streams that the shares of these sources pay for."""
        found = self._streams.find({"status": ACTIVE, "share_of": {"$in": list(sources)}}, {"_id": 1})
        return {document["_id"] for document in found}

    @guarded
    def set_back(self, stream: Stream, *, to: datetime, cursor_id: int, now: datetime) -> bool:
        """Let the next sweep read from `to` on, unless the stream moved since it was read; answers whether it will."""
        as_read: Document = {"_id": stream.id, "status": ACTIVE, "cursor_id": str(stream.cursor_id)}
        as_read |= {"covered_through": stream.covered_through, "members": list(stream.members)}
        change: Document = {"$set": {"cursor_id": str(cursor_id), "covered_through": to, "set_back_at": now}}
        change |= {"$min": {"began_at": to}}
        return self._streams.update_one(as_read, change).matched_count == 1


def _to_document(stream: Stream) -> Document:
    return {
        "members": list(stream.members),
        "query": stream.query,
        "began_at": stream.began_at,
        "covered_through": stream.covered_through,
        "cursor_id": str(stream.cursor_id),
        "sweeps_completed": stream.sweeps_completed,
        "last_sweep_id": None,
        "run_id": stream.run_id,
        **_group(stream.group),
        "parts": list(stream.parts),
        "rested_at": stream.rested_at,
    }


def _group(group: Group) -> Document:
    return {"interval_seconds": group.interval_seconds, "credential": group.credential, "share_of": group.share_of}


def _from_document(document: Document) -> Stream:
    return Stream(
        id=document["_id"],
        members=tuple(document["members"] if "members" in document else document["handles"]),  # of an older version
        query=document["query"],
        began_at=document["began_at"],
        covered_through=document["covered_through"],
        cursor_id=int(document["cursor_id"]),
        sweeps_completed=document.get("sweeps_completed", 0),
        run_id=document.get("run_id"),
        group=Group(document.get("interval_seconds"), document.get("credential"), document.get("share_of")),
        left=tuple(Left(one["member"], one["at"]) for one in document.get("left", ())),
        parts=tuple(document.get("parts", ())),
        rested_at=document.get("rested_at"),
    )
