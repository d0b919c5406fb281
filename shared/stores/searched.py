"""When streams were searched, and which are being searched. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pymongo import ASCENDING

from shared.domain.coverage.sweeps import SweepKind, SweepStatus
from shared.stores.database import Db, Document, guarded


class SearchedStore:
    """Looks at the sweeps of what is new of some streams."""

    def __init__(self, db: Db) -> None:
        self._sweeps = db["X_sweeps"]

    @guarded
    def ended(self, streams: Iterable[str], *, since: datetime) -> list[tuple[str, datetime]]:
        """The streams that a search was ended of since then, with when, by time."""
        found = self._sweeps.find({**_of(streams), "ended_at": {"$gte": since}}, {"subject": 1, "ended_at": 1})
        return [(one["subject"], one["ended_at"]) for one in found.sort("ended_at", ASCENDING)]

    @guarded
    def under_way(self, streams: Iterable[str]) -> list[tuple[str, datetime]]:
        """The streams that are being searched, with since when, the longest first."""
        open_ones = {**_of(streams), "status": SweepStatus.OPEN.value}
        found = self._sweeps.find(open_ones, {"subject": 1, "started_at": 1}).sort("started_at", ASCENDING)
        return [(one["subject"], one["started_at"]) for one in found]


def _of(streams: Iterable[str]) -> Document:
    return {"kind": SweepKind.SEARCH.value, "subject": {"$in": list(streams)}}
