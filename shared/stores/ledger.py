"""`ledger`: what was spent, by UTC day, endpoint, credential, tenant and class of work; and what X itself counted.

A row is a copy of sums that only grow, and is written with `$max`: any number of writers may copy it, in any order and
again after a fault, and none adds anything twice. Rows of different epochs (lives of Redis) are added up when read.
Money is in whole micro-dollars, so that sums lose nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date

from pymongo import ASCENDING, UpdateOne

from shared.domain.models import WorkClass
from shared.domain.money.purchases import Row, RowKey, Sums
from shared.domain.money.usage import UsageCheck
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

SPEND, USAGE = "spend", "usage"


INDEXES = (Index("ledger", {"kind": ASCENDING, "day": ASCENDING}),)


class LedgerStore:
    """Keeps the sums of every day and the comparisons with X's own count."""

    def __init__(self, db: Db) -> None:
        self._ledger = db["ledger"]

    @guarded
    def keep(self, rows: Collection[Row]) -> None:
        """Store rows in one bulk write, each in the place of an older copy of itself."""
        writes = [
            UpdateOne({"_id": _row_id(row)}, {"$setOnInsert": _identity(row), "$max": row.sums.by_name()}, upsert=True)
            for row in rows
        ]
        if writes:
            self._ledger.bulk_write(writes, ordered=False)

    @guarded
    def between(self, first: date, last: date) -> dict[RowKey, Sums]:
        """The sums of the days from `first` through `last`, by key."""
        sums: dict[RowKey, Sums] = {}
        query = {"kind": SPEND, "day": {"$gte": first.isoformat(), "$lte": last.isoformat()}}
        for document in self._ledger.find(query).sort("_id", ASCENDING):
            key = _key(document)
            sums[key] = sums.get(key, Sums()).plus(_sums(document))
        return sums

    @guarded
    def keep_check(self, check: UsageCheck) -> None:
        """Store how X's count of a day compares with ours; the last word on a day stays."""
        document = {
            "kind": USAGE,
            "day": check.day.isoformat(),
            "ours": check.ours,
            "theirs": check.theirs,
            "difference_ratio": check.difference_ratio,
            "checked_at": check.checked_at,
        }
        self._ledger.replace_one({"_id": f"{USAGE}|{check.day.isoformat()}"}, document, upsert=True)

    @guarded
    def last_check(self) -> UsageCheck | None:
        """The comparison of the latest day; None before the first."""
        found = self._ledger.find_one({"kind": USAGE}, sort=[("day", -1)])
        if found is None:
            return None
        day, at = date.fromisoformat(found["day"]), found["checked_at"].astimezone(UTC)
        return UsageCheck(day=day, ours=found["ours"], theirs=found["theirs"], checked_at=at)


def _row_id(row: Row) -> str:
    key = row.key
    return "|".join(
        (SPEND, key.day.isoformat(), key.endpoint, key.credential_id, key.tenant, key.work_class.value, row.epoch)
    )


def _identity(row: Row) -> Document:
    return {
        "kind": SPEND,
        "day": row.key.day.isoformat(),
        "endpoint": row.key.endpoint,
        "credential": row.key.credential_id,
        "tenant": row.key.tenant,
        "work_class": row.key.work_class.value,
        "epoch": row.epoch,
    }


def _key(document: Document) -> RowKey:
    return RowKey(
        day=date.fromisoformat(document["day"]),
        endpoint=document["endpoint"],
        credential_id=document["credential"],
        tenant=document["tenant"],
        work_class=WorkClass(document["work_class"]),
    )


def _sums(document: Document) -> Sums:
    hours = {f"hours.{name}": micro for name, micro in document.get("hours", {}).items()}
    return Sums.named(document | hours)
