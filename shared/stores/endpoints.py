"""`endpoints`: where the events of tenants are sent. Address and secrets are one ciphertext, made by the vault.

    due_at: None --something comes--> now --a worker's lease--> now + lease --sent--> now | next try | None
    state:  active --410, the last try, a person--> disabled --a person--> active

Who sends holds the lease under its own word (`holder`), and each of its writes goes by it: who lost the lease writes
nothing any more. Invariant: an active endpoint with something behind its cursor has a `due_at`, whoever dies when.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING, ReturnDocument, UpdateMany

from shared.domain.deliveries import LEASE, Endpoint, Pending, Replay, State, Why
from shared.stores.database import Db, Document, guarded
from shared.stores.endpoint_documents import endpoint_from_document, endpoint_to_document
from shared.stores.indexes import Index
from shared.stores.paging import Key, after

INDEXES = (
    Index("endpoints", {"tenant": ASCENDING, "created_at": DESCENDING, "_id": DESCENDING}),
    Index("endpoints", {"state": ASCENDING, "due_at": ASCENDING}),
)
COUNTS: Final = ("sent", "events", "retried", "given_up")


@dataclass(frozen=True, slots=True)
class Standing:
    """Of all active endpoints: numbers behind the cursors, of all and of the worst; since when the longest waits."""

    active: int = 0
    disabled: int = 0
    backlog: int = 0
    worst: int = 0
    waiting_since: datetime | None = None


class EndpointStore:
    """`_id` is an id of its own."""

    def __init__(self, db: Db) -> None:
        self._endpoints = db["endpoints"]

    @guarded
    def add(self, endpoint: Endpoint, *, sealed: str) -> None:
        """Keep a new one."""
        self._endpoints.insert_one({**endpoint_to_document(endpoint), "sealed": sealed, "holder": None})

    @guarded
    def get(self, endpoint_id: str, *, tenant: str | None = None) -> Endpoint | None:
        """The one of that id, of a tenant or of any."""
        found = self._endpoints.find_one({"_id": endpoint_id} | _of(tenant))
        return None if found is None else endpoint_from_document(found)

    @guarded
    def sealed(self, endpoint_id: str) -> str | None:
        """What opens it, sealed."""
        found = self._endpoints.find_one({"_id": endpoint_id}, {"sealed": 1})
        return None if found is None else str(found["sealed"])

    @guarded
    def page(self, tenant: str, *, start: Key | None, limit: int) -> list[Endpoint]:
        """Those of a tenant, the newest first."""
        query = {"tenant": tenant} | after("created_at", start)
        order = [("created_at", DESCENDING), ("_id", DESCENDING)]
        return [endpoint_from_document(one) for one in self._endpoints.find(query).sort(order).limit(limit)]

    @guarded
    def count(self, tenant: str) -> int:
        """How many a tenant has."""
        return self._endpoints.count_documents({"tenant": tenant})

    @guarded
    def change(self, before: Endpoint, fields: Mapping[str, Any]) -> Endpoint | None:
        """Set what a person says, and take the lease from whoever sends; None where it is not there any more."""
        found = self._endpoints.find_one_and_update(
            {"_id": before.id}, {"$set": {**fields, "holder": None}}, return_document=ReturnDocument.AFTER
        )
        return None if found is None else endpoint_from_document(found)

    @guarded
    def remove(self, endpoint_id: str) -> None:
        """Forget it."""
        self._endpoints.delete_one({"_id": endpoint_id})

    # --- whose turn it is

    @guarded
    def wake(self, heads: Mapping[str, int], *, now: datetime) -> None:
        """Something came into the feeds of tenants (tenant -> greatest number): their endpoints are due. One round
        trip; repeating it does no harm.
        """
        writes = [
            UpdateMany(
                {"tenant": tenant, "state": State.ACTIVE.value, "head": {"$lt": number}},
                [
                    {
                        "$set": {
                            "head": number,
                            "due_at": {"$ifNull": ["$due_at", now]},
                            "waiting_since": {"$ifNull": ["$waiting_since", now]},
                        }
                    }
                ],
            )
            for tenant, number in heads.items()
        ]
        if writes:
            self._endpoints.bulk_write(writes, ordered=False)

    @guarded
    def due(self, *, now: datetime, limit: int) -> list[str]:
        """Ids of those that have something to be sent now and that nobody sends to, who waits longest first."""
        wanted = {"state": State.ACTIVE.value, "due_at": {"$lte": now}}
        return [one["_id"] for one in self._endpoints.find(wanted, {"_id": 1}).sort("due_at", ASCENDING).limit(limit)]

    @guarded
    def lease(self, endpoint_id: str, holder: str, *, now: datetime) -> Endpoint | None:
        """Take an endpoint that is due; None where it is not, or another one was faster."""
        found = self._endpoints.find_one_and_update(
            {"_id": endpoint_id, "state": State.ACTIVE.value, "due_at": {"$lte": now}},
            {"$set": {"holder": holder, "due_at": now + LEASE}},
            return_document=ReturnDocument.AFTER,
        )
        return None if found is None else endpoint_from_document(found)

    # --- what who holds the lease writes; each answers whether it still did

    @guarded
    def pend(self, endpoint_id: str, holder: str, pending: Pending, *, missed: int = 0, now: datetime) -> bool:
        """Note what is about to be sent. missed: so many before it are kept no longer."""
        return self._held(endpoint_id, holder, {"pending": asdict(pending), "due_at": now + LEASE}, {"missed": missed})

    @guarded
    def passed(
        self, endpoint_id: str, holder: str, *, cursor: int, replay: Replay | None, missed: int = 0, now: datetime
    ) -> bool:
        """Move the cursor where nothing was to be sent. missed: so many are kept no longer."""
        fields = {"cursor": cursor, "replay": replay and asdict(replay), "pending": None, "due_at": now + LEASE}
        return self._held(endpoint_id, holder, fields, {"missed": missed})

    @guarded
    def delivered(
        self, endpoint_id: str, holder: str, *, through: int, events: int, ms: int, fed_at: datetime, now: datetime
    ) -> bool:
        """Move the cursor behind what was taken. fed_at: of the last of it: what comes next waits no longer."""
        fields = {"cursor": through, "pending": None, "last_ms": ms, "waiting_since": fed_at, "due_at": now + LEASE}
        return self._held(endpoint_id, holder, fields, {"sent": 1, "events": events})

    @guarded
    def failed(
        self, endpoint_id: str, holder: str, pending: Pending, *, error: Document, ms: int, due_at: datetime
    ) -> bool:
        """Let what was not taken be tried again later."""
        fields = {"pending": asdict(pending), "last_error": error, "last_ms": ms, "due_at": due_at, "holder": None}
        return self._held(endpoint_id, holder, fields, {"retried": 1})

    @guarded
    def disable(self, endpoint_id: str, holder: str, why: Why, *, pending: Pending, error: Document) -> bool:
        """Send nothing more until a person says so."""
        fields = {"state": State.DISABLED.value, "why": why.value, "state_since": error["at"], "due_at": None}
        fields |= {"pending": asdict(pending), "last_error": error, "holder": None}
        return self._held(endpoint_id, holder, fields, {"given_up": 1})

    @guarded
    def rest(self, endpoint_id: str, holder: str, *, head: int, now: datetime) -> None:
        """All was read: wait for more; where it was woken for more than `head` meanwhile, it is due at once."""
        idle = {"due_at": None, "waiting_since": None, "holder": None}
        found = self._endpoints.update_one({"_id": endpoint_id, "holder": holder, "head": head}, {"$set": idle})
        if not found.matched_count:
            self._held(endpoint_id, holder, {"due_at": now, "holder": None})

    @guarded
    def let_go(self, endpoint_id: str, holder: str, *, now: datetime) -> None:
        """Let others have their turn; it is due again at once, behind them."""
        self._held(endpoint_id, holder, {"due_at": now, "holder": None})

    # --- for those who look

    @guarded
    def given_up(self, *, limit: int) -> list[Endpoint]:
        """Those that were disabled by what they answered."""
        wanted = {"state": State.DISABLED.value, "why": {"$ne": Why.ASKED.value}}
        return [endpoint_from_document(one) for one in self._endpoints.find(wanted).limit(limit)]

    @guarded
    def standing(self) -> Standing:
        """How all of them stand, in one round trip."""
        behind = {"$max": [0, {"$subtract": ["$head", "$cursor"]}]}
        told = {"number": {"$sum": 1}, "backlog": {"$sum": behind}, "worst": {"$max": behind}}
        found = {
            one["_id"]: one
            for one in self._endpoints.aggregate(
                [{"$group": {"_id": "$state", **told, "waiting_since": {"$min": "$waiting_since"}}}]
            )
        }
        active, disabled = found.get(State.ACTIVE.value), found.get(State.DISABLED.value)
        return Standing(
            active=active["number"] if active else 0,
            disabled=disabled["number"] if disabled else 0,
            backlog=active["backlog"] if active else 0,
            worst=active["worst"] if active else 0,
            waiting_since=active["waiting_since"] if active else None,
        )

    def _held(self, endpoint_id: str, holder: str, fields: Document, counted: Mapping[str, int] | None = None) -> bool:
        change: Document = {"$set": fields}
        added = {f"counts.{name}" if name in COUNTS else name: by for name, by in (counted or {}).items() if by}
        if added:
            change["$inc"] = added
        return self._endpoints.update_one({"_id": endpoint_id, "holder": holder}, change).matched_count == 1


def _of(tenant: str | None) -> Document:
    return {} if tenant is None else {"tenant": tenant}
