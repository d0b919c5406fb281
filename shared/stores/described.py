"""How an object that X described is put over what is stored of it: what posts, accounts, media and mentions share.

Answers arrive in any order and at any length: a late worker brings an old one, another endpoint gives fewer fields.
Invariant: the later answer decides, field by field; what it leaves out stays as an earlier one said it.

Which way an object is written depends on what a look at the collection, a moment ago, has shown of it. Only the last
way decides by itself, in the server; the others are for what is sure, and say so where it was not. Of 100 posts with
what X sent of them (6.0.5, one core): 5, 19 and 56 ms.

    not there                  insert ---- it is there by now ---------.
    there, told the same       its time, if it is still so -- it is not+
    there, told before         $set, if it is still so --- it is not --+
    not there, with others     the same as an upsert ---- it is not ---+
    all else (a late answer,                                           |
    an odd name in it, gone)   pipeline <------------------------------'
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from itertools import chain
from typing import Any

from pymongo import InsertOne, UpdateMany, UpdateOne
from pymongo.collection import Collection as MongoCollection
from pymongo.errors import BulkWriteError

from shared.stores.database import Document
from shared.stores.digests import TOLD, digest_of, says_the_same, signed, told_again
from shared.stores.overlays import put_over, with_added

DESCRIBED_AT = "described_at"
DUPLICATE_KEY = 11000
# A part of a document that is no object, from a version before or from elsewhere: $set cannot reach into it.
_NOT_AN_OBJECT = 28


class Recognised(Enum):
    """From when on a digest of the latest answer is kept: for each object, or where it was told twice."""

    NEVER = "never"
    AT_ONCE = "at once"
    ONCE_KNOWN = "once known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One object as X told it.

    on_insert: fields of a document that is new. greatest: fields that only grow, whoever tells them. added: lists that
    are added to as sets are.
    """

    id: str
    document: Document
    on_insert: Mapping[str, Any] = field(default_factory=dict)
    greatest: Mapping[str, Any] = field(default_factory=dict)
    added: Mapping[str, Sequence[Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ready:
    """A `put` that is ready to be written. told, writes: in one order, of which the first `inserts` are new; those that
    are told again as they are come last, in few writes.
    """

    at: datetime
    told: Sequence[Told]
    writes: Sequence[InsertOne[Document] | UpdateOne | UpdateMany]
    inserts: int


class Described:
    """The described objects of one collection.

    nested: fields that are put over one another field by field too. at_field: where the time of the latest answer is
    kept. until_later: a field, an object with the time `at`, that a later answer takes away. in_one: what is new goes
    along with the updates where there are any, for one command less: for objects of which a page has few new ones.
    recognised: an answer that says the same again, and adds nothing, only moves times: for objects that come again and
    again as they were.
    """

    def __init__(
        self,
        collection: MongoCollection[Document],
        *,
        nested: Collection[str] = (),
        at_field: str = DESCRIBED_AT,
        until_later: str | None = None,
        in_one: bool = False,
        recognised: Recognised = Recognised.NEVER,
    ) -> None:
        self._collection = collection
        self._nested = nested
        self._at_field = at_field
        self._until_later = until_later
        self._in_one, self._recognised = in_one, recognised
        self._guard: Document = {} if until_later is None else {until_later: {"$exists": False}}

    @property
    def looked_at(self) -> Document:
        """The projection of what has to be known of a document before it is written."""
        also = {} if self._until_later is None else {f"{self._until_later}.at": 1}
        return {self._at_field: 1} | also | ({} if self._recognised is Recognised.NEVER else {TOLD: 1})

    def look(self, ids: Iterable[str]) -> dict[str, Document]:
        """What has to be known of those of the objects that are there. One round trip."""
        found = self._collection.find({"_id": {"$in": list(ids)}}, self.looked_at)
        return {document["_id"]: document for document in found}

    def put(self, told: Sequence[Told], *, at: datetime, known: Mapping[str, Document] | None = None) -> set[str]:
        """Put objects, told at that time by X's clock, over what is stored; answers the ids of the new ones.

        known: what `look` has shown of them; looked up where it is not given. At most one insert and one update, and
        once more what another process has changed meanwhile.
        """
        if not told:
            return set()
        return self.write(self.ready(told, at=at, known=self.look(one.id for one in told) if known is None else known))

    def ready(self, told: Sequence[Told], *, at: datetime, known: Mapping[str, Document]) -> Ready:
        """All of a `put` that needs no MongoDB."""
        new = [self._signed(one, at, is_new=True) for one in told if one.id not in known]
        others = [self._signed(one, at, is_new=False) for one in told if one.id in known]
        again, changed = self._apart(others, at, known)
        if self._in_one and others:
            new, changed = [], [*new, *changed]
        inserts = [self._insert(one, at) for one in new]
        updates = [self._over(one, at, known.get(one.id)) for one in changed]
        moved = [self._moved(some, at) for some in again]
        return Ready(at, [*new, *changed, *chain.from_iterable(again)], [*inserts, *updates, *moved], len(new))

    def write(self, ready: Ready) -> set[str]:
        """The rest of it; answers the ids of the new ones."""
        if not ready.writes:
            return set()
        redo, inserted = self._write(ready)
        again = [UpdateOne({"_id": one.id}, self._careful(one, ready.at), upsert=True) for one in redo]
        upserted = self._collection.bulk_write(again, ordered=False).upserted_ids if again else None
        missed = {redo[index].id for index in upserted or {}}
        return inserted | missed

    def _write(self, ready: Ready) -> tuple[list[Told], set[str]]:
        """Those to be written again, and the ids of those that were inserted."""
        inserts, told = ready.inserts, ready.told
        failed: set[int] = set()
        try:
            result: Mapping[str, Any] = self._collection.bulk_write(ready.writes, ordered=False).bulk_api_result
        except BulkWriteError as error:
            result = error.details or {}
            if any(fault["code"] not in (DUPLICATE_KEY, _NOT_AN_OBJECT) for fault in result["writeErrors"]):
                raise
            failed = {fault["index"] for fault in result["writeErrors"]}
        reached = result["nMatched"] + len(result["upserted"])
        if reached < len(told) - inserts:  # which ones, MongoDB does not say; to write the others again changes nothing
            failed |= set(range(inserts, len(told)))
        redo = [told[index] for index in sorted(failed)]
        inserted = {one.id for index, one in enumerate(told[:inserts]) if index not in failed}
        return redo, inserted | {one["_id"] for one in result["upserted"]}

    def _signed(self, told: Told, at: datetime, *, is_new: bool) -> Told:
        """With its digest, where that is kept."""
        is_kept = self._recognised is Recognised.AT_ONCE or (self._recognised is Recognised.ONCE_KNOWN and not is_new)
        return replace(told, document=signed(told.id, told.document, at)) if is_kept else told

    def _apart(
        self, told: Sequence[Told], at: datetime, known: Mapping[str, Document]
    ) -> tuple[list[list[Told]], list[Told]]:
        """Those of which nothing is new but times, together where these are the same ones; and the others."""
        again: dict[tuple[tuple[str, Any], ...], list[Told]] = {}
        changed = []
        for one in told:
            if self._is_same(one, at, known[one.id]):
                again.setdefault(tuple(one.greatest.items()), []).append(one)
            else:
                changed.append(one)
        return list(again.values()), changed

    def _moved(self, told: Sequence[Told], at: datetime) -> UpdateMany:
        """The one update of objects of which nothing is new but the same times."""
        digests = {one.id: digest_of(one.document) for one in told}
        return told_again(digests, {self._at_field: at, **told[0].greatest}, self._at_field, self._guard)

    def _is_same(self, told: Told, at: datetime, known: Document) -> bool:
        """Whether nothing of the object is new but times."""
        if self._recognised is Recognised.NEVER or told.added or (self._until_later or "") in known:
            return False
        return says_the_same(told.document, known, at, self._at_field)

    def _insert(self, told: Told, at: datetime) -> InsertOne[Document]:
        added = {name: list(values) for name, values in told.added.items()}
        return InsertOne(
            {"_id": told.id, **told.on_insert, **told.document, self._at_field: at, **told.greatest, **added}
        )

    def _over(self, told: Told, at: datetime, known: Document | None) -> UpdateOne:
        """The update of a document that is there; None: that is not, and is inserted where that is still so."""
        is_new, known = known is None, known or {}
        before = known.get(self._at_field)
        parts = [name for name in self._nested if name in told.document]
        is_gone = self._until_later is not None and self._until_later in known
        if is_gone or (before is not None and before > at) or not _are_plain(told.document, parts):
            return UpdateOne({"_id": told.id}, self._careful(told, at), upsert=True)
        values = {name: value for name, value in told.document.items() if name not in parts}
        values |= {f"{part}.{name}": value for part in parts for name, value in told.document[part].items()}
        update = {"$set": {**values, self._at_field: at}}
        if told.greatest:
            update["$max"] = dict(told.greatest)
        if told.added:
            update["$addToSet"] = {name: {"$each": list(values)} for name, values in told.added.items()}
        if is_new and told.on_insert:
            update["$setOnInsert"] = dict(told.on_insert)
        return UpdateOne({"_id": told.id, self._at_field: {"$not": {"$gt": at}}, **self._guard}, update, upsert=is_new)

    def _careful(self, told: Told, at: datetime) -> list[Document]:
        also: Document = {name: {"$max": [f"${name}", value]} for name, value in told.greatest.items()}
        also |= {name: with_added(name, values) for name, values in told.added.items()}
        if (until := self._until_later) is not None:
            also[until] = {"$cond": [{"$gt": [f"${until}.at", at]}, f"${until}", "$$REMOVE"]}
        return [
            *put_over(told.document, at=at, nested=self._nested, on_insert=told.on_insert, at_field=self._at_field),
            *([{"$set": also}] if also else []),
        ]


def _are_plain(document: Document, parts: Collection[str]) -> bool:
    """Whether every name of the parts is one step of a path, and no more."""
    return all(name and "." not in name and name[0] != "$" for part in parts for name in document[part])
