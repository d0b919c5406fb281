"""Media whose files are to go: marked in `X_media` by whoever removes their posts, and forgotten when the file is gone.

    any status --release--> remove --file deleted--> (no document; when X shows the medium again it is a new one)

Invariant: a file is deleted only while no other medium is stored at its path.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from pymongo import ASCENDING

from shared.stores.database import Db, guarded
from shared.stores.indexes import Index
from shared.stores.media import PENDING

REMOVE = "remove"  # as status of a download

MARKED_AT = "download.marked_at"

# Whether another medium has the same file, and whose wait too long.
INDEXES = (
    Index("X_media", {"download.stored_path": ASCENDING}, {"sparse": True}),
    Index("X_media", {MARKED_AT: ASCENDING}, {"sparse": True}),
)


class RemovalStore:
    """Marks, finds and forgets media that are to go."""

    def __init__(self, db: Db) -> None:
        self._media = db["X_media"]

    @guarded
    def mark(self, keys: Collection[str], *, now: datetime) -> None:
        """Let the files of these media be deleted."""
        some = {"_id": {"$in": list(keys)}, "download.status": {"$ne": REMOVE}}
        self._media.update_many(some, {"$set": {"download.status": REMOVE, MARKED_AT: now}})

    @guarded
    def overdue(self, *, before: datetime, limit: int) -> int:
        """How many media were marked by then and have their files yet, up to so many."""
        return self._media.count_documents({MARKED_AT: {"$lte": before}}, limit=limit)

    @guarded
    def waiting(self, *, limit: int) -> list[str]:
        """Keys of media that are marked."""
        return [one["_id"] for one in self._media.find({"download.status": REMOVE}, {"_id": 1}).limit(limit)]

    @guarded
    def paths(self, keys: Sequence[str]) -> dict[str, str | None]:
        """Of those of the keys that are marked, where the file is; None where none was stored."""
        found = self._media.find({"_id": {"$in": list(keys)}, "download.status": REMOVE}, {"download.stored_path": 1})
        return {one["_id"]: one["download"].get("stored_path") for one in found}

    @guarded
    def is_used(self, path: str) -> bool:
        """Whether a medium that stays is stored there."""
        query = {"download.stored_path": path, "download.status": {"$ne": REMOVE}}
        return self._media.find_one(query, {"_id": 1}) is not None

    @guarded
    def lost(self, path: str) -> int:
        """Let media be fetched anew that came to be stored at a path while its file was deleted; answers how many."""
        query = {"download.stored_path": path, "download.status": {"$ne": REMOVE}}
        anew = {"$set": {"download.status": PENDING, "download.attempts": 0}, "$unset": {"download.stored_path": ""}}
        return self._media.update_many(query, anew).modified_count

    @guarded
    def forget(self, key: str) -> None:
        """The file is gone: so is the medium."""
        self._media.delete_one({"_id": key, "download.status": REMOVE})
