"""`sources`: what each tenant listens to. Handles and streams carry it out.

Written first, before handles and streams, so that a crash leaves them behind it and never ahead. A removed source stays
as history. Invariant: a change that was not read is not written over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import datetime

from pymongo import ASCENDING, UpdateOne
from pymongo.errors import DuplicateKeyError

from shared.domain.engagement.selection import ALL, RefreshRule
from shared.domain.sources import DEFAULT_TENANT, TRACKED, QuotesOf, Source, SourceKind, Terms, tracked_of
from shared.stores.database import Db, Document, guarded
from shared.stores.indexes import Index

# Of a source whose rule of refreshing was changed: how far its posts were gone through since.
RESELECT = "reselect"
INDEXES = (Index("sources", {"tenant": ASCENDING, "removed_at": ASCENDING, "_id": ASCENDING}),)


class SourceStore:
    """`_id` is the source's id."""

    def __init__(self, db: Db) -> None:
        self._sources = db["sources"]

    @guarded
    def add(self, source: Source, *, now: datetime) -> bool:
        """Add a source, or one anew whose id was removed; False where there is one."""
        begun = replace(source, created_at=now, updated_at=now, changed_at=now, removed_at=None)
        try:
            document: Document = {"_id": source.id, **_to_document(begun)}
            again = self._sources.replace_one({"_id": source.id, "removed_at": {"$ne": None}}, document, upsert=True)
        except DuplicateKeyError:
            return False
        if again.matched_count:  # what was found for it before is followed as it says now
            self._sources.update_one({"_id": source.id}, {"$set": {RESELECT: {"asked_at": now}}})
        return True

    @guarded
    def get(self, source_id: str) -> Source | None:
        """The source, also a removed one; None for an unknown id."""
        document = self._sources.find_one({"_id": source_id})
        return _from_document(document) if document else None

    @guarded
    def all(self, *, removed: bool = False) -> list[Source]:
        """Every source, by id; with those that were removed, if wished."""
        query: Document = {} if removed else {"removed_at": None}
        return [_from_document(document) for document in self._sources.find(query).sort("_id", ASCENDING)]

    @guarded
    def ids_of(self, tenant: str) -> list[str]:
        """The ids of a tenant's sources, also of removed ones."""
        return [one["_id"] for one in self._sources.find({"tenant": tenant}, {"_id": 1}).sort("_id", ASCENDING)]

    @guarded
    def of_tenant(self, tenant: str, *, start: str | None = None, limit: int = 0) -> list[Source]:
        """The sources of a tenant, by id, those after `start`; limit: 0 for all."""
        query: Document = {"tenant": tenant, "removed_at": None, **({} if start is None else {"_id": {"$gt": start}})}
        found = self._sources.find(query).sort("_id", ASCENDING).limit(limit)
        return [_from_document(document) for document in found]

    @guarded
    def owners(self, source_ids: Iterable[str]) -> dict[str, str]:
        """Whose each of the ids is, also of those that were removed; what is free is left out."""
        found = self._sources.find({"_id": {"$in": list(source_ids)}}, {"tenant": 1})
        return {document["_id"]: document["tenant"] for document in found}

    @guarded
    def asking(self, *, with_accounts: bool = True) -> dict[str, Source]:
        """Those that ask for something now, by id; their accounts may be left out, where there are many."""
        fields = None if with_accounts else {"accounts": 0}
        found = self._sources.find({"removed_at": None, "paused": False}, fields)
        return {document["_id"]: _from_document(document) for document in found}

    @guarded
    def with_share(self) -> list[Source]:
        """Those that have a share of the money and ask for something now, by id; without their accounts."""
        query = {"removed_at": None, "paused": False, "quota_share": {"$ne": None}}
        return [_from_document(one) for one in self._sources.find(query, {"accounts": 0}).sort("_id", ASCENDING)]

    @guarded
    def put(self, before: Source, after: Source, *, now: datetime) -> bool:
        """Change a source, unless somebody changed it since it was read; answers whether it did."""
        as_read = {"_id": before.id, **_to_document(before)}
        change = _to_document(replace(after, updated_at=now))
        change |= {} if before.refresh == after.refresh else {RESELECT: {"asked_at": now}}
        return self._sources.update_one(as_read, {"$set": change}).matched_count == 1

    @guarded
    def add_accounts(self, source_id: str, names: Iterable[str], *, now: datetime) -> None:
        """Let a source ask for accounts too; that of `covey track` begins with the first ones."""
        if source_id == TRACKED:
            self.begin_tracked(DEFAULT_TENANT, now=now)
        lower = [name.lower() for name in names]
        self._sources.update_one(
            {"_id": source_id, "accounts": {"$not": {"$all": lower}}},
            {"$addToSet": {"accounts": {"$each": lower}}, "$set": {"updated_at": now, "changed_at": now}},
        )

    @guarded
    def take_accounts(self, source_id: str, names: Iterable[str], *, now: datetime) -> None:
        """Let a source ask for accounts no longer."""
        lower = [name.lower() for name in names]
        self._sources.update_one(
            {"_id": source_id, "accounts": {"$in": lower}},
            {"$pull": {"accounts": {"$in": lower}}, "$set": {"updated_at": now}},
        )

    @guarded
    def rename(self, names: Mapping[str, str], *, now: datetime) -> None:
        """Let sources ask for accounts under the names they have now (old name -> new name, lower case)."""
        found = self._sources.find({"accounts": {"$in": list(names)}}, {"accounts": 1})
        writes = [
            UpdateOne(
                {"_id": one["_id"], "accounts": one["accounts"]},
                {
                    "$set": {
                        "accounts": list(dict.fromkeys(names.get(name, name) for name in one["accounts"])),
                        "updated_at": now,
                    }
                },
            )
            for one in found
        ]
        if writes:
            self._sources.bulk_write(writes, ordered=False)

    @guarded
    def alert_velocities(self) -> dict[str, float]:
        """Of sources that have their own: acts an hour above which their posts are told of."""
        own = {"alert_velocity": {"$ne": None}, "removed_at": None}
        return {one["_id"]: one["alert_velocity"] for one in self._sources.find(own, {"alert_velocity": 1})}

    @guarded
    def begin_tracked(self, tenant: str, *, now: datetime) -> None:
        """Let there be the source that `track` fills, for a tenant."""
        tracked = Source(
            id=tracked_of(tenant),
            name="covey track",
            kind=SourceKind.ACCOUNTS,
            tenant=tenant,
            created_at=now,
            updated_at=now,
        )
        self._sources.update_one({"_id": tracked.id}, {"$setOnInsert": _to_document(tracked)}, upsert=True)


def _to_document(source: Source) -> Document:
    terms, quotes_of = source.terms, source.quotes_of
    return {
        "tenant": source.tenant,
        "platform": source.platform,
        "name": source.name,
        "kind": source.kind.value,
        "accounts": list(source.accounts),
        "terms": terms and {name: list(getattr(terms, name)) for name in Terms.__dataclass_fields__},
        "conversation_id": None if source.conversation_id is None else str(source.conversation_id),
        "quotes_of": quotes_of and _quotes(quotes_of),
        "interval_seconds": source.interval_seconds,
        "look_back_seconds": source.look_back_seconds,
        "priority": source.priority,
        "paused": source.paused,
        "quota_share": source.quota_share,
        "credential": source.credential,
        "live": source.live,
        "retention_days": source.retention_days,
        "alert_velocity": source.alert_velocity,
        "refresh": None if source.refresh == ALL else asdict(source.refresh),
        "created_at": source.created_at,
        "updated_at": source.updated_at,
        "changed_at": source.changed_at,
        "removed_at": source.removed_at,
    }


def _quotes(quotes_of: QuotesOf) -> Document:
    post_id = None if quotes_of.post_id is None else str(quotes_of.post_id)
    return {"post_id": post_id, "account": quotes_of.account}


def _from_document(document: Document) -> Source:
    terms, quotes_of = document.get("terms"), document.get("quotes_of")
    return Source(
        id=document["_id"],
        name=document["name"],
        kind=SourceKind(document["kind"]),
        accounts=tuple(document.get("accounts", ())),
        terms=Terms(**{name: tuple(words) for name, words in terms.items()}) if terms else None,
        conversation_id=_id(document["conversation_id"]),
        quotes_of=QuotesOf(post_id=_id(quotes_of["post_id"]), account=quotes_of["account"]) if quotes_of else None,
        alert_velocity=document.get("alert_velocity"),
        refresh=RefreshRule(**refresh) if (refresh := document.get("refresh")) else ALL,
        **{name: document[name] for name in _AS_THEY_ARE},
    )


def _id(text: str | None) -> int | None:
    return None if text is None else int(text)


_AS_THEY_ARE = (
    *("tenant", "platform", "interval_seconds", "look_back_seconds", "priority", "paused", "quota_share"),
    *("credential", "live", "retention_days", "created_at", "updated_at", "changed_at", "removed_at"),
)
