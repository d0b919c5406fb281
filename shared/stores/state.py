"""`X_state`: small values that all processes share and that must survive, by key."""

from __future__ import annotations

from collections.abc import Collection, Mapping
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

    @guarded
    def merge(self, key: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Set some fields of a value that is a mapping, and leave the others; answers what it was before."""
        change = {f"value.{name}": value for name, value in values.items()}
        return self._changed(key, {"$set": change} if change else {})

    @guarded
    def drop(self, key: str, names: Collection[str]) -> dict[str, Any]:
        """Remove some fields of a value that is a mapping; answers what it was before."""
        return self._changed(key, {"$unset": dict.fromkeys((f"value.{name}" for name in names), "")} if names else {})

    @guarded
    def add(self, key: str, amounts: Mapping[str, int]) -> None:
        """Add to counters of a value that is a mapping; one that is not there counts as 0."""
        self._changed(key, {"$inc": {f"value.{name}": amount for name, amount in amounts.items()}})

    def _changed(self, key: str, change: Mapping[str, Any]) -> dict[str, Any]:
        before = self._state.find_one_and_update(
            {"_id": key}, {**change, "$currentDate": {"updated_at": True}}, upsert=True
        )
        return dict((before or {}).get("value") or {})
