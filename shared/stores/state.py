"""`X_state`: small values that all processes share and that must survive, by key."""

from __future__ import annotations

from typing import Any

from shared.stores.database import Db, guarded


class StateStore:
    """Reads and writes single values."""

    def __init__(self, db: Db) -> None:
        self._state = db["X_state"]

    @guarded
    def get(self, key: str) -> Any:
        """The value, None when it was never set."""
        document = self._state.find_one({"_id": key})
        return document["value"] if document else None

    @guarded
    def set(self, key: str, value: Any) -> None:
        """Set the value; the time is MongoDB's."""
        self._state.update_one(
            {"_id": key}, {"$set": {"value": value}, "$currentDate": {"updated_at": True}}, upsert=True
        )
