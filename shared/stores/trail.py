"""`audit`: who changed what, in order, for good. An entry is written before the act, its outcome after it.

    begun --the act ended--> done | refused | failed        (one that stays begun: the process died in between)

Entries are never changed but for their outcome, and never removed here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo import DESCENDING

from shared.domain.access import Actor
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index
from shared.stores.paging import Key, after

INDEXES = (Index("audit", {"tenant": DESCENDING, "at": DESCENDING, "_id": DESCENDING}),)
BEGUN = "begun"


class TrailStore:
    """Of each change: who, what, when, and how it was before and after."""

    def __init__(self, db: Db) -> None:
        self._audit = db["audit"]

    @guarded
    def begin(
        self,
        actor: Actor,
        action: str,
        target: str,
        *,
        now: datetime,
        before: Any = None,
        note: str | None = None,
        ip: str | None = None,
        request_id: str | None = None,
    ) -> str:
        """Note what is about to be done; answers the id of the entry."""
        entry_id = str(ObjectId())
        self._audit.insert_one(
            {
                "_id": entry_id,
                "at": now,
                "tenant": actor.tenant,
                "actor": {"kind": actor.kind.value, "id": actor.id, "name": actor.name},
                "token_prefix": actor.prefix,
                "ip": ip,
                "request_id": request_id,
                "action": action,
                "target": target,
                "before": before,
                "after": None,
                "note": note,
                "outcome": BEGUN,
            }
        )
        return entry_id

    @guarded
    def end(self, entry_id: str, outcome: str, *, before: Any = None, after: Any = None) -> None:
        """Note how it ended; the first word counts."""
        told = {"outcome": outcome, "after": after} | ({} if before is None else {"before": before})
        self._audit.update_one({"_id": entry_id, "outcome": BEGUN}, {"$set": told})

    @guarded
    def page(self, *, tenant: str | None, action: str | None = None, start: Key | None, limit: int) -> list[Document]:
        """The newest entries of a tenant (None: of all), or those that come after the key (`at`, `_id`)."""
        query: Document = {} if tenant is None else {"tenant": tenant}
        query |= {} if action is None else {"action": action}
        query |= after("at", start)
        order = [("at", DESCENDING), ("_id", DESCENDING)]
        return list(self._audit.find(query).sort(order).limit(limit))
