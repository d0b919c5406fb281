"""`connections`: persons who were sent to X to let the app into an account, until they come back.

    waiting --claim: the browser comes back with the state, in time--> finishing --end--> connected, refused or failed
       |                                                                   +--its process dies--> (finishing, forgotten)
       +--VALID passes--> expired (is forgotten with the rest)

The state that the browser must bring is kept as its SHA-256, the verifier sealed, and neither once it was claimed.
Invariant: of requests that bring the same state, one claims it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo import ASCENDING, ReturnDocument

from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

VALID: Final = timedelta(minutes=10)
KEEP: Final = timedelta(days=1)  # to ask what became of it
WAITING, FINISHING = "waiting", "finishing"

INDEXES = (
    Index("connections", {"state_digest": ASCENDING}, {"unique": True, "sparse": True}),
    Index("connections", {"begun_at": ASCENDING}, {"expireAfterSeconds": int(KEEP.total_seconds())}),
)
_SECRET: Final = {"state_digest": "", "sealed": ""}


class ConnectionStore:
    """`_id` is an id that may be shown."""

    def __init__(self, db: Db) -> None:
        self._connections = db["connections"]

    @guarded
    def begin(
        self, connection_id: str, *, state_digest: str, sealed: str, now: datetime, about: Mapping[str, Any]
    ) -> None:
        """Note that a person was sent to X. about: what else is needed when they come back."""
        self._connections.insert_one(
            {
                "_id": connection_id,
                "state": WAITING,
                "state_digest": state_digest,
                "sealed": sealed,
                "begun_at": now,
                "ended_at": None,
                **about,
            }
        )

    @guarded
    def claim(self, state_digest: str, *, now: datetime) -> Document | None:
        """What was noted under a state that is valid and that nobody brought before; None for any other."""
        wanted = {"state_digest": state_digest, "state": WAITING, "begun_at": {"$gt": now - VALID}}
        change = {"$set": {"state": FINISHING}, "$unset": _SECRET}
        return self._connections.find_one_and_update(wanted, change, return_document=ReturnDocument.BEFORE)

    @guarded
    def end(self, connection_id: str, *, now: datetime, became: Mapping[str, Any]) -> None:
        """Note what became of it."""
        self._connections.update_one({"_id": connection_id}, {"$set": {"ended_at": now, **became}})

    @guarded
    def get(self, connection_id: str) -> Document | None:
        """What is known of it, without what is secret; None where there is none, or it is forgotten."""
        return self._connections.find_one({"_id": connection_id}, dict.fromkeys(_SECRET, 0))
