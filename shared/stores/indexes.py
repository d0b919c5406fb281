"""Indexes: what one is, which are missing, making them, and the claim that lets one process at a time do so.

    missing --claim--> one process builds, renewing its claim --> there
                          | it dies: the claim ends after its lease, and another one goes on

An index on millions of documents takes longer than any call may, so it is built without a time limit, by one process,
while all others work. Invariant: an index counts as there only when MongoDB answers a query with it; one that is being
built is listed too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import pymongo
from pymongo import IndexModel
from pymongo.errors import CollectionInvalid, OperationFailure

from shared.domain.preflight.mongo import MissingIndex
from shared.stores.database import Db, guarded

# So many documents are indexed in a tenth of a second: nobody need wait for that in the background.
SMALL_COLLECTION = 10_000
# What grows with every reading takes a quarter less of the disk so, and is written as fast (`make bench-history`).
COMPRESSED: Final = {"X_engagement_history": {"wiredTiger": {"configString": "block_compressor=zstd"}}}
_NO_TIME_LIMIT = 0.0
_BAD_VALUE = 2  # MongoDB's code for a hint at an index that cannot be used (yet)
_CLAIM = "indexes"


@dataclass(frozen=True, slots=True)
class Index:
    """One index. keys: field -> direction. options: as of `create_index`. called: its name, where it is not MongoDB's
    own for these keys. rests_on_it: the work that is wrong without it, and therefore waits. replaces: the name of an
    earlier one that goes when this one is there.
    """

    collection: str
    keys: Mapping[str, int]
    options: Mapping[str, Any] = field(default_factory=dict)
    called: str | None = None
    rests_on_it: str | None = None
    replaces: str | None = None

    @property
    def name(self) -> str:
        """Its name in MongoDB."""
        return self.called or "_".join(f"{key}_{direction}" for key, direction in self.keys.items())

    def __str__(self) -> str:
        """How a person is told of it."""
        return f"{self.collection}.{self.name}"


class Indexes:
    """The indexes that a database should have; those that work rests on come first."""

    def __init__(self, db: Db, wanted: Sequence[Index]) -> None:
        self._db = db
        self._wanted = sorted(wanted, key=lambda index: index.rests_on_it is None)
        self._state = db["X_state"]

    @guarded
    def missing(self, collection: str | None = None) -> list[Index]:
        """Those that MongoDB cannot use yet, of all collections or of one."""
        wanted = [index for index in self._wanted if collection in (None, index.collection)]
        listed = {name: set(self._db[name].index_information()) for name in {index.collection for index in wanted}}
        return [index for index in wanted if index.name not in listed[index.collection] or not self._is_usable(index)]

    def described(self) -> tuple[MissingIndex, ...]:
        """The missing ones, as a person is told of them. Raises StoreUnavailable."""
        return tuple(MissingIndex(str(one), one.rests_on_it, self.is_small(one)) for one in self.missing())

    @guarded
    def create(self, index: Index) -> None:
        """Make one index, within the time that every call has; making it again is no error."""
        self._create(index)

    @guarded
    def build(self, index: Index) -> None:
        """Make one index, however long it takes."""
        with pymongo.timeout(_NO_TIME_LIMIT):
            self._create(index)

    @guarded
    def is_small(self, index: Index) -> bool:
        """Whether its collection holds so little that it can be made at once."""
        return self._db[index.collection].estimated_document_count() <= SMALL_COLLECTION

    @guarded
    def claim(self, holder: str, lease: timedelta) -> bool:
        """Let `holder` build from now on for `lease`, by MongoDB's clock; False while somebody else does."""
        self._state.update_one({"_id": _CLAIM}, {"$setOnInsert": {"holder": None, "until": None}}, upsert=True)
        is_free = {"$or": [{"until": None}, {"holder": holder}, {"$expr": {"$lte": ["$until", "$$NOW"]}}]}
        until = {"$add": ["$$NOW", round(lease.total_seconds() * 1000)]}
        change = [{"$set": {"holder": {"$literal": holder}, "until": until}}]
        return self._state.update_one({"_id": _CLAIM, **is_free}, change).matched_count == 1

    @guarded
    def release(self, holder: str) -> None:
        """Let others build."""
        self._state.update_one({"_id": _CLAIM, "holder": holder}, {"$set": {"holder": None, "until": None}})

    def _create(self, index: Index) -> None:
        self._make(index.collection)
        model = IndexModel(list(index.keys.items()), name=index.name, **index.options)
        collection = self._db[index.collection]
        collection.create_indexes([model])
        if index.replaces is not None and index.replaces in collection.index_information():
            collection.drop_index(index.replaces)

    def _make(self, collection: str) -> None:
        """Make a collection that is not there as `COMPRESSED` says; another storage engine makes it by itself."""
        if collection in COMPRESSED:
            with suppress(CollectionInvalid, OperationFailure):
                self._db.create_collection(collection, storageEngine=COMPRESSED[collection])

    def _is_usable(self, index: Index) -> bool:
        """Whether a query may use it: MongoDB refuses a hint at one that is being built."""
        condition = index.options.get("partialFilterExpression", {})
        try:
            self._db[index.collection].find_one(condition, {"_id": 1}, hint=index.name)
        except OperationFailure as error:
            if error.code == _BAD_VALUE:
                return False
            raise
        return True
