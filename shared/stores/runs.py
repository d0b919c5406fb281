"""`runs`: what became of each request of a person, what it was to cost and what it cost.

A run of the kind `refresh` has X's word on each id, so that `--wait` and a script can follow it; one of the kind
`track` has the names that were followed, and pays for the first sweeps of their streams; one of the kind `backfill`
pays for the gaps that it asked to be filled; one of the kind `sync` waits for readings of streams and pays for none.
Each is of a tenant; one of a version that knew none is of the usual one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING

from shared.domain.money.classes import ONE_OFF
from shared.domain.money.prices import PriceKind
from shared.domain.money.purchases import PaidCall
from shared.domain.sources import DEFAULT_TENANT
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index
from shared.stores.paging import Key, after

KEEP = timedelta(days=30)
REFRESH, TRACK, BACKFILL, SYNC = "refresh", "track", "backfill", "sync"


INDEXES = (
    Index("runs", {"started_at": ASCENDING}, {"expireAfterSeconds": int(KEEP.total_seconds())}),
    Index("runs", {"mixed_at": ASCENDING}, {"sparse": True}),
    Index("runs", {"tenant": ASCENDING, "started_at": DESCENDING, "_id": DESCENDING}),
)
# What of a run a list tells; what was said of each of thousands of subjects is only counted.
_SUMMED = {
    "answered": {"$size": {"$objectToArray": "$results"}},
    "fresh": {"$size": {"$objectToArray": {"$ifNull": ["$stored", {}]}}},
}
_LEFT_OUT = ["results", "stored", "bought", "found"]


class RunStore:
    """A run holds what was asked for, X's words as they come, its estimate and its cost in micro-dollars."""

    def __init__(self, db: Db) -> None:
        self._runs = db["runs"]

    @guarded
    def begin(
        self,
        run_id: str,
        *,
        kind: str,
        subjects: Sequence[str],
        now: datetime,
        estimate_micro_usd: int | None = None,
        tenant: str = DEFAULT_TENANT,
        created_by: Mapping[str, str] | None = None,
        stored: Mapping[str, str] | None = None,
        streams: Sequence[str] = (),
    ) -> None:
        """Note a request before its jobs are sent; a subject counts once, and the same run begins once.

        created_by: kind, id and name of who asked. stored: post -> state, of those that are told as they are stored.
        streams: those that are read for it.
        """
        distinct = list(dict.fromkeys(subjects))
        document: Document = {
            "kind": kind,
            "total": len(distinct),
            "results": {},
            "started_at": now,
            "subjects": distinct,
            "estimate_micro_usd": estimate_micro_usd,
            "tenant": tenant,
            "created_by": None if created_by is None else dict(created_by),
            "stored": dict(stored or {}),
            **({"streams": list(streams)} if streams else {}),
        }
        self._runs.update_one({"_id": run_id}, {"$setOnInsert": document}, upsert=True)

    @guarded
    def record(self, run_id: str, results: Mapping[str, str], *, now: datetime) -> None:
        """Note X's word on some ids; saying it twice changes nothing."""
        if results:
            change = {f"results.{subject}": word for subject, word in results.items()}
            at = {"$max": {"updated_at": now}, "$min": {"began_at": now}}
            self._runs.update_one({"_id": run_id}, {"$set": change, **at})

    @guarded
    def cancel(self, run_id: str, *, now: datetime) -> None:
        """Note that nobody waits for the run any more: its jobs are not sent again."""
        self._runs.update_one({"_id": run_id}, {"$set": {"cancelled_at": now}})

    @guarded
    def pay(self, run_id: str, calls: Sequence[PaidCall]) -> None:
        """Add what calls cost: in all, and by UTC day, class of work and hour.

        `mixed_at` is the last time that it paid in a class of work that goes on day by day.
        """
        changes: dict[str, int] = {}

        def add(name: str, count: int) -> None:
            if count:
                changes[f"cost.{name}"] = changes.get(f"cost.{name}", 0) + count

        for call in calls:
            add("calls", 1)
            add("micro_usd", call.micro_usd)
            for kind in PriceKind:
                add(kind.plural, call.billed[kind])
            add(f"hours.{call.at.date()}.{call.work_class.value}.{call.at.hour:02}", call.micro_usd)
        mixed = [call.at for call in calls if call.work_class not in ONE_OFF]
        if changes:
            at = [call.at for call in calls]
            last = {"updated_at": max(at)} | ({"mixed_at": max(mixed)} if mixed else {})
            change: Document = {"$inc": changes, "$min": {"began_at": min(at)}, "$max": last}
            self._runs.update_one({"_id": run_id}, change)

    @guarded
    def note(self, run_id: str, *, bought: Sequence[str], found: Sequence[str]) -> None:
        """Note which of the ids cost money, and which were not known before."""
        more = {"bought": {"$each": list(bought)}, "found": {"$each": list(found)}}
        self._runs.update_one({"_id": run_id}, {"$addToSet": more})

    @guarded
    def paid_by_hour(self, first: date, last: date) -> dict[tuple[date, str], list[int]]:
        """Micro-dollars by hour that runs paid on the days from first to last, by day and class of work.

        Only of runs that paid in a class that is not their own: in those nobody else pays but people and histories.
        """
        paid: dict[tuple[date, str], list[int]] = {}
        days = {str(day): day for one in range((last - first).days + 1) if (day := first + timedelta(days=one))}
        since = datetime.combine(first, time(), UTC)
        for run in self._runs.find({"mixed_at": {"$gte": since}}, {"cost.hours": 1}):
            for name, by_class in run["cost"].get("hours", {}).items():
                for work_class, hours in by_class.items() if name in days else ():
                    sums = paid.setdefault((days[name], work_class), [0] * 24)
                    for hour, micro in hours.items():
                        sums[int(hour)] += micro
        return paid

    @guarded
    def waiting_for(self, subjects: Sequence[str], *, after: datetime, tenant: str = DEFAULT_TENANT) -> dict[str, str]:
        """Which of the ids a refresh of the tenant begun after that moment still waits for (id -> the run's id)."""
        wanted = set(subjects)
        waiting: dict[str, str] = {}
        young = {"kind": REFRESH, "started_at": {"$gt": after}, "subjects": {"$in": list(wanted)}, "cancelled_at": None}
        young |= _of(tenant)
        for run in self._runs.find(young):
            open_ids = wanted.intersection(run["subjects"]).difference(run["results"])
            waiting.update({subject: str(run["_id"]) for subject in open_ids})
        return waiting

    @guarded
    def unfinished(self, *, after: datetime) -> list[Document]:
        """The refreshes begun after that moment on whose ids X has not said everything yet."""
        young = {"kind": REFRESH, "started_at": {"$gt": after}, "cancelled_at": None}
        found = self._runs.find(young).sort("started_at", 1)
        return [run for run in found if len(run["results"]) < run["total"]]

    @guarded
    def get(self, run_id: str) -> Document | None:
        """The run: `kind`, `total`, `subjects`, `results` (id -> word), `bought`, `found`, the estimate and the `cost`.

        None for an unknown id.
        """
        return self._runs.find_one({"_id": run_id})

    @guarded
    def page(self, tenant: str, *, start: Key | None, limit: int) -> list[Document]:
        """Runs of a tenant, the newest first, or those after a key (`started_at`, `_id`): without what was said of each
        subject, of which `answered` and `fresh` are the numbers.
        """
        return self._summed({**_of(tenant), **after("started_at", start)}, limit)

    @guarded
    def summary(self, tenant: str, run_id: str) -> Document | None:
        """The same of one run; None for one that is not the tenant's."""
        found = self._summed({"_id": run_id, **_of(tenant)}, 1)
        return found[0] if found else None

    @guarded
    def answered(self, run_ids: Sequence[str]) -> dict[str, set[str]]:
        """Of each run, the subjects on which X has said a word."""
        found = self._runs.find({"_id": {"$in": list(run_ids)}}, {"results": 1})
        return {run["_id"]: set(run["results"]) for run in found}

    @guarded
    def last_sync(self, tenant: str, source: str, *, after: datetime) -> Document | None:
        """The last request begun after that moment to read a source of a tenant at once, as `summary` has it."""
        found = self._summed({"kind": SYNC, "subjects": source, "started_at": {"$gt": after}, **_of(tenant)}, 1)
        return found[0] if found else None

    def _summed(self, which: Document, limit: int) -> list[Document]:
        stages: list[dict[str, Any]] = [
            {"$match": which},
            {"$sort": {"started_at": DESCENDING, "_id": DESCENDING}},
            {"$limit": limit},
            {"$set": _SUMMED},
            {"$unset": _LEFT_OUT},
        ]
        return list(self._runs.aggregate(stages))

    @guarded
    def newest(self, limit: int) -> list[Document]:
        """The last runs, the newest first."""
        return list(self._runs.find().sort("started_at", DESCENDING).limit(limit))


def _of(tenant: str) -> Document:
    """The condition for runs of a tenant. One of an earlier version names none."""
    return {"tenant": {"$in": [tenant, None]} if tenant == DEFAULT_TENANT else tenant}
