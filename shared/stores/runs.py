"""`runs`: what became of each ad-hoc request, id by id, so that `--wait` and a script can follow it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from pymongo import ASCENDING

from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

KEEP = timedelta(days=30)


INDEXES = (Index("runs", {"started_at": ASCENDING}, {"expireAfterSeconds": int(KEEP.total_seconds())}),)


class RunStore:
    """A run holds the ids asked for and, as they come, X's word on each."""

    def __init__(self, db: Db) -> None:
        self._runs = db["runs"]

    @guarded
    def begin(self, run_id: str, *, kind: str, subjects: Sequence[str], now: datetime) -> None:
        """Note a request before its jobs are sent; a subject counts once, and the same run begins once."""
        distinct = list(dict.fromkeys(subjects))
        document: Document = {
            "kind": kind,
            "total": len(distinct),
            "results": {},
            "started_at": now,
            "subjects": distinct,
        }
        self._runs.update_one({"_id": run_id}, {"$setOnInsert": document}, upsert=True)

    @guarded
    def record(self, run_id: str, results: Mapping[str, str], *, now: datetime) -> None:
        """Note X's word on some ids; saying it twice changes nothing."""
        if results:
            change = {f"results.{subject}": word for subject, word in results.items()}
            self._runs.update_one({"_id": run_id}, {"$set": {**change, "updated_at": now}})

    @guarded
    def cancel(self, run_id: str, *, now: datetime) -> None:
        """Note that nobody waits for the run any more: its jobs are not sent again."""
        self._runs.update_one({"_id": run_id}, {"$set": {"cancelled_at": now}})

    @guarded
    def waiting_for(self, subjects: Sequence[str], *, after: datetime) -> dict[str, str]:
        """Which of the ids a run begun after that moment is still waiting for (id -> the run's id)."""
        wanted = set(subjects)
        waiting: dict[str, str] = {}
        for run in self._runs.find(
            {"started_at": {"$gt": after}, "subjects": {"$in": list(wanted)}, "cancelled_at": None}
        ):
            open_ids = wanted.intersection(run["subjects"]).difference(run["results"])
            waiting.update({subject: str(run["_id"]) for subject in open_ids})
        return waiting

    @guarded
    def unfinished(self, *, after: datetime) -> list[Document]:
        """The runs begun after that moment on whose ids X has not said everything yet."""
        found = self._runs.find({"started_at": {"$gt": after}, "cancelled_at": None}).sort("started_at", 1)
        return [run for run in found if len(run["results"]) < run["total"]]

    @guarded
    def get(self, run_id: str) -> Document | None:
        """The run: `total`, `results` (id -> word), `subjects`, times. None for an unknown id."""
        return self._runs.find_one({"_id": run_id})
