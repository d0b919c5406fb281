"""`deliveries`: each try to send a message to an endpoint, and what came of it, for two weeks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING

from shared.domain.deliveries import Endpoint, Outcome
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index
from shared.stores.paging import Key, after

KEPT: Final = timedelta(days=14)
INDEXES = (
    Index("deliveries", {"endpoint": ASCENDING, "at": DESCENDING, "_id": DESCENDING}),
    Index("deliveries", {"at": ASCENDING}, {"expireAfterSeconds": int(KEPT.total_seconds())}),
)
# Of the tries of a day, so many of the newest are counted at most.
COUNTED: Final = 10_000


class DeliveryStore:
    """Noted, listed, counted."""

    def __init__(self, db: Db) -> None:
        self._deliveries = db["deliveries"]

    @guarded
    def add(self, endpoint: Endpoint, told: Mapping[str, Any]) -> None:
        """Note a try: message, first, through, events, tries, outcome, status, error, ms, at."""
        row = {"_id": str(ObjectId()), "endpoint": endpoint.id, "tenant": endpoint.tenant, **told}
        self._deliveries.insert_one(row)

    @guarded
    def page(self, endpoint_id: str, *, start: Key | None, limit: int) -> list[Document]:
        """The newest tries of an endpoint, or those after a key."""
        query = {"endpoint": endpoint_id} | after("at", start)
        return list(self._deliveries.find(query).sort([("at", DESCENDING), ("_id", DESCENDING)]).limit(limit))

    @guarded
    def since(self, endpoint_id: str, at: datetime) -> dict[str, int]:
        """Tries of an endpoint since then by outcome, of the newest 10,000."""
        steps: list[Document] = [
            {"$match": {"endpoint": endpoint_id, "at": {"$gte": at}}},
            {"$sort": {"at": -1}},
            {"$limit": COUNTED},
            {"$group": {"_id": "$outcome", "number": {"$sum": 1}}},
        ]
        found = {one["_id"]: one["number"] for one in self._deliveries.aggregate(steps)}
        return {outcome.value: found.get(outcome.value, 0) for outcome in Outcome}
