"""`processes`: who is there, and who was and went without a word.

    beat --> document, as of MongoDB's time --no beat--> gone --an hour--> (nothing)
                | leave (a clean end)
                v
            (nothing)

Owns the signs of life of all processes, by MongoDB's clock alone. Must not judge: `shared/domain/flock.py` does.
Invariant: a process that ended as it should leaves nothing behind.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pymongo
from pymongo import ASCENDING

from shared.domain.flock import Process, ProcessKind, RunningJob
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

# Long enough for a person to see who is missing, short enough to be silent about those who were replaced.
KEEP: Final = timedelta(hours=1)
# A sign of life that takes longer is none, and an end must not wait for MongoDB.
PATIENCE_SECONDS: Final = 2.0

INDEXES = (Index("processes", {"beat_at": ASCENDING}, {"expireAfterSeconds": int(KEEP.total_seconds())}),)


class ProcessStore:
    """A document a process; `_id` is its name on its host."""

    def __init__(self, db: Db) -> None:
        self._processes = db["processes"]

    @guarded
    def beat(self, process_id: str, said: Document) -> None:
        """Note a sign of life, with what the process says of itself; the time is MongoDB's."""
        with pymongo.timeout(PATIENCE_SECONDS):
            self._processes.update_one(
                {"_id": process_id}, {"$set": said, "$currentDate": {"beat_at": True}}, upsert=True
            )

    @guarded
    def leave(self, process_id: str) -> bool:
        """Forget a process that ended; whether it was known."""
        with pymongo.timeout(PATIENCE_SECONDS):
            return self._processes.delete_one({"_id": process_id}).deleted_count == 1

    @guarded
    def all(self) -> list[Process]:
        """Every process that gave a sign within the last hour, by kind and name."""
        return [
            _from_document(document)
            for document in self._processes.find().sort([("kind", ASCENDING), ("_id", ASCENDING)])
        ]


def _from_document(document: Document) -> Process:
    """What an older version did not write has its default."""
    return Process(
        id=document["_id"],
        kind=ProcessKind(document["kind"]),
        host=document["host"],
        pid=document["pid"],
        version=document["version"],
        started_at=document["started_at"],
        beat_at=document["beat_at"],
        queues=tuple(document.get("queues", ())),
        threads=document.get("threads", 0),
        leads=document.get("leads", False),
        running=tuple(RunningJob(**job) for job in document.get("running", ())),
        ended_a_minute=document.get("ended_a_minute", {}),
        waits_for=document.get("waits_for"),
    )
