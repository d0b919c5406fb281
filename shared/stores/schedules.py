"""`schedules`: every recurring thing, with when it is due next.

A claim is one `find_one_and_update` on the version that was read, so a slot is claimed once however many schedulers
there are. The next slot is planned + k intervals, the first one after now: no drift, and after an outage each thing
runs once. Times are MongoDB's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo import ASCENDING, ReturnDocument, UpdateOne

from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index


@dataclass(frozen=True, slots=True)
class Schedule:
    """A recurring thing. `subject` is what it is about, such as a stream's id."""

    id: str
    kind: str
    subject: str
    interval: timedelta
    next_due_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Slot:
    """One claimed run of a schedule. `id` is the same for whoever claims that run."""

    schedule: Schedule
    due_at: datetime

    @property
    def id(self) -> str:
        """Names the run: the schedule and the planned time in ms."""
        return f"{self.schedule.id}@{round(self.due_at.timestamp() * 1000)}"


def following(due_at: datetime, interval: timedelta, now: datetime) -> datetime:
    """The first of due_at + k * interval (k >= 1) that lies after now."""
    behind = max(timedelta(0), now - due_at)
    return due_at + interval * (behind // interval + 1)


INDEXES = (Index("schedules", {"next_due_at": ASCENDING}),)


class ScheduleStore:
    """Keeps the schedules and claims their slots."""

    def __init__(self, db: Db) -> None:
        self._schedules = db["schedules"]

    @guarded
    def ensure(self, schedules: Iterable[Schedule]) -> None:
        """Create the schedules that are missing and correct the interval of the others; no due time is touched."""
        writes = [
            UpdateOne(
                {"_id": schedule.id},
                {
                    "$set": {"interval_seconds": schedule.interval.total_seconds()},
                    "$setOnInsert": {
                        "kind": schedule.kind,
                        "subject": schedule.subject,
                        "next_due_at": schedule.next_due_at,
                        "version": 0,
                    },
                },
                upsert=True,
            )
            for schedule in schedules
        ]
        if writes:
            self._schedules.bulk_write(writes, ordered=False)

    @guarded
    def keep_only(self, kind: str, subjects: Iterable[str]) -> None:
        """Remove the schedules of the kind whose subject is not among `subjects`."""
        self._schedules.delete_many({"kind": kind, "subject": {"$nin": list(subjects)}})

    @guarded
    def due(self, *, now: datetime, limit: int) -> list[Schedule]:
        """The schedules that are due, the most overdue first."""
        found = self._schedules.find({"next_due_at": {"$lte": now}}).sort("next_due_at", ASCENDING).limit(limit)
        return [_from_document(document) for document in found]

    @guarded
    def claim(self, schedule: Schedule, *, now: datetime, by: str) -> Slot | None:
        """Claim the due slot of a schedule that was just read; None when somebody else has it."""
        document = self._schedules.find_one_and_update(
            {"_id": schedule.id, "version": schedule.version, "next_due_at": {"$lte": now}},
            {
                "$set": {
                    "next_due_at": following(schedule.next_due_at, schedule.interval, now),
                    "claimed_by": by,
                    "claimed_at": now,
                    "claimed_slot_at": schedule.next_due_at,
                },
                "$inc": {"version": 1},
            },
            return_document=ReturnDocument.AFTER,
        )
        return Slot(schedule, schedule.next_due_at) if document else None

    @guarded
    def hasten(self, schedule_ids: Iterable[str], *, now: datetime) -> int:
        """Let what is due later be due now; answers how many."""
        later = {"_id": {"$in": list(schedule_ids)}, "next_due_at": {"$gt": now}}
        return self._schedules.update_many(later, {"$set": {"next_due_at": now}, "$inc": {"version": 1}}).modified_count

    @guarded
    def of_subjects(self, kind: str, subjects: Iterable[str]) -> list[Schedule]:
        """The schedules of some subjects, the one that is due first first."""
        found = self._schedules.find({"_id": {"$in": [f"{kind}:{one}" for one in subjects]}})
        return [_from_document(document) for document in found.sort("next_due_at", ASCENDING)]

    @guarded
    def give_back(self, slot: Slot) -> None:
        """The claimed slot could not be carried out: make it due again, unless a later one was claimed meanwhile."""
        self._schedules.update_one(
            {"_id": slot.schedule.id, "version": slot.schedule.version + 1},
            {"$set": {"next_due_at": slot.due_at}, "$inc": {"version": 1}},
        )

    @guarded
    def most_overdue(self, *, now: datetime) -> dict[str, float]:
        """By kind, how many seconds its most overdue schedule is late (0 when none is)."""
        rows = self._schedules.aggregate([{"$group": {"_id": "$kind", "first": {"$min": "$next_due_at"}}}])
        return {row["_id"]: max(0.0, (now - row["first"]).total_seconds()) for row in rows}

    @guarded
    def all(self) -> list[Schedule]:
        """Every schedule, by id."""
        return [_from_document(document) for document in self._schedules.find().sort("_id", ASCENDING)]

    @guarded
    def page(self, *, kind: str | None = None, start: str | None = None, limit: int) -> list[Schedule]:
        """Schedules after an id, in the order of their ids; of one kind, where that is given: by going through them."""
        query: Document = {} if kind is None else {"kind": kind}
        query |= {} if start is None else {"_id": {"$gt": start}}
        return [_from_document(one) for one in self._schedules.find(query).sort("_id", ASCENDING).limit(limit)]


def _from_document(document: Document) -> Schedule:
    return Schedule(
        id=document["_id"],
        kind=document["kind"],
        subject=document["subject"],
        interval=timedelta(seconds=document["interval_seconds"]),
        next_due_at=document["next_due_at"],
        version=document["version"],
    )
