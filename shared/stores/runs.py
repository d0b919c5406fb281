"""`runs`: what became of each request of a person, what it was to cost and what it cost.

A run of the kind `refresh` has X's word on each id, so that `--wait` and a script can follow it; one of the kind
`track` has the names that were followed, and pays for the first sweeps of their streams.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from pymongo import ASCENDING, DESCENDING

from shared.domain.money.prices import PriceKind
from shared.domain.money.purchases import PaidCall
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

KEEP = timedelta(days=30)
LASTS = timedelta(days=7)  # nothing that a run asks for takes longer
REFRESH, TRACK = "refresh", "track"


INDEXES = (
    Index("runs", {"started_at": ASCENDING}, {"expireAfterSeconds": int(KEEP.total_seconds())}),
    Index("runs", {"kind": ASCENDING, "started_at": ASCENDING}),
)


class RunStore:
    """A run holds what was asked for, X's words as they come, its estimate and its cost in micro-dollars."""

    def __init__(self, db: Db) -> None:
        self._runs = db["runs"]

    @guarded
    def begin(
        self, run_id: str, *, kind: str, subjects: Sequence[str], now: datetime, estimate_micro_usd: int | None = None
    ) -> None:
        """Note a request before its jobs are sent; a subject counts once, and the same run begins once."""
        distinct = list(dict.fromkeys(subjects))
        document: Document = {
            "kind": kind,
            "total": len(distinct),
            "results": {},
            "started_at": now,
            "subjects": distinct,
            "estimate_micro_usd": estimate_micro_usd,
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
    def pay(self, run_id: str, calls: Sequence[PaidCall]) -> None:
        """Add what calls cost: in all, and by UTC day, class of work and hour."""
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
        if changes:
            self._runs.update_one({"_id": run_id}, {"$inc": changes})

    @guarded
    def bought(self, run_id: str, subjects: Sequence[str]) -> None:
        """Note which of the ids cost money."""
        if subjects:
            self._runs.update_one({"_id": run_id}, {"$addToSet": {"bought": {"$each": list(subjects)}}})

    @guarded
    def paid_by_hour(self, first: date, last: date, *, kind: str) -> dict[tuple[date, str], list[int]]:
        """Micro-dollars by hour that runs of a kind paid on the days from first to last, by day and class of work."""
        paid: dict[tuple[date, str], list[int]] = {}
        days = [first + timedelta(days=one) for one in range((last - first).days + 1)]
        since = datetime.combine(first, time(), UTC) - LASTS
        wanted = {"kind": kind, "started_at": {"$gte": since}, "cost.hours": {"$exists": True}}
        for run in self._runs.find(wanted, {"cost.hours": 1}):
            for day in days:
                for work_class, hours in run["cost"]["hours"].get(str(day), {}).items():
                    sums = paid.setdefault((day, work_class), [0] * 24)
                    for hour, micro in hours.items():
                        sums[int(hour)] += micro
        return paid

    @guarded
    def waiting_for(self, subjects: Sequence[str], *, after: datetime) -> dict[str, str]:
        """Which of the ids a refresh begun after that moment is still waiting for (id -> the run's id)."""
        wanted = set(subjects)
        waiting: dict[str, str] = {}
        young = {"kind": REFRESH, "started_at": {"$gt": after}, "subjects": {"$in": list(wanted)}, "cancelled_at": None}
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
        """The run: `kind`, `total`, `results` (id -> word), `subjects`, `estimate_micro_usd`, `cost`, `bought`, times.

        None for an unknown id.
        """
        return self._runs.find_one({"_id": run_id})

    @guarded
    def newest(self, limit: int) -> list[Document]:
        """The last runs, the newest first."""
        return list(self._runs.find().sort("started_at", DESCENDING).limit(limit))
