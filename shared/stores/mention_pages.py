"""Pages of `mentions`, by what is wanted of them. Reads only.

One filter leads, with an index that has its rows in order; what the others leave out is passed over, no more than
`WINDOW` rows a page. A page that ends there says how far it looked, and the next one goes on from it: however much is
stored and however little fits, no page costs more than that. Invariant: going on until there is no key tells every
mention that fits once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from pymongo import DESCENDING

from shared.domain.mentions import MentionStatus
from shared.domain.models import PostState
from shared.stores.database import Db, Document, guarded
from shared.stores.mentions import BY_AUTHOR, BY_LANGUAGE, BY_SOURCE, BY_STATUS
from shared.stores.paging import Key

WINDOW: Final = 10_000  # rows: a tenth of a second of MongoDB
_ANY: Final = {"$in": [one.value for one in MentionStatus]}
_ORDER: Final = {"published_at": DESCENDING, "_id": DESCENDING}
_FACETS: Final = {"language": "language", "source": "sources", "author": "author_handle", "status": "status"}
FACETS: Final = tuple(_FACETS)
_LOOK: Final = 2_000  # posts that are looked at in one query
_THERE: Final[Document] = {"gone": {"$exists": False}}
_FITS: Final[dict[PostState, Document]] = {
    **{state: {"gone.reason": state.value} for state in PostState},
    PostState.ALIVE: {**_THERE, "withheld": {"$exists": False}},
    PostState.WITHHELD: {**_THERE, "withheld": {"$exists": True}},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What of a tenant's mentions is wanted: all that is given has to fit. words: each is in the text, in any case.

    since, until: when they were published, the second not included.
    """

    tenant: str
    source: str | None = None
    status: MentionStatus | None = None
    language: str | None = None
    author_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    words: tuple[str, ...] = ()
    state: PostState | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Mentions, the newest first. after: the key to go on after, None at the end. searched_to: how far back was looked
    where that, and not the number of rows, ended the page.
    """

    rows: list[Document]
    after: Key | None
    searched_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """How many mentions have each value, by facet. searched_to: how far back was looked, where that was not all."""

    counts: Mapping[str, Sequence[tuple[str | None, int]]]
    is_whole: bool
    searched_to: datetime | None


@dataclass(frozen=True, slots=True)
class _Way:
    """The filter that leads, which its index answers alone, and the others. own: the tenant, for safety's sake where a
    source leads: its index does not know tenants, and a source is one tenant's.
    """

    leads: Document
    index: str
    rest: Document
    own: Document


class MentionPages:
    """Pages and counts of mentions. window: rows that a page looks at, at most."""

    def __init__(self, db: Db, *, window: int = WINDOW) -> None:
        self._mentions, self._posts, self._window = db["mentions"], db["X_tweets"], window

    @guarded
    def page(self, wanted: Wanted, *, start: Key | None, limit: int) -> Page:
        """The next mentions that fit, up to `limit`, after the key (`published_at`, `_id`)."""
        way = _way(wanted)
        spans = [_span(wanted), *_below(start)]
        is_picky = bool(way.rest) or wanted.state is not None
        end = self._end(way, spans) if is_picky else None
        spans += [] if end is None else _down_to(end)
        if wanted.state is None:
            steps = [*_fitting(way, spans), {"$limit": limit + 1}]
            found = list(self._mentions.aggregate(steps, hint=way.index, batchSize=limit + 1))
        else:
            ids = list(islice(self._in_state(way, spans, wanted.state), limit + 1))
            found = list(self._mentions.find({"_id": {"$in": ids}}).batch_size(limit + 2))
            found.sort(key=lambda one: ids.index(one["_id"]))
        if len(found) > limit:
            last = found[limit - 1]
            return Page(found[:limit], (last["published_at"], last["_id"]))
        return Page(found, end, None if end is None else end[0])

    @guarded
    def counted(self, wanted: Wanted, facets: Sequence[str], *, most: int) -> Counted:
        """How many of those that fit have each value (the `most` frequent), of the newest of what leads."""
        way, spans = _way(wanted), [_span(wanted)]
        end = self._end(way, spans)
        spans += [] if end is None else _down_to(end)
        steps, hint = _fitting(way, spans)[:1], way.index
        if wanted.state is not None:
            steps, hint = [{"$match": {"_id": {"$in": list(self._in_state(way, spans, wanted.state))}}}], "_id_"
        each = {facet: _grouped(_FACETS[facet], most) for facet in facets}
        (found,) = self._mentions.aggregate([*steps, {"$facet": each}], hint=hint)
        counts = {facet: [(one["_id"], one["n"]) for one in found[facet]] for facet in facets}
        return Counted(counts, end is None, None if end is None else end[0])

    def _in_state(self, way: _Way, spans: Sequence[Document], state: PostState) -> Iterator[str]:
        """The ids of those whose post is in a state, which the post alone knows, in order. Asked for by thousands: a
        look at each post in the same step takes MongoDB ten times as long.
        """
        steps = [*_fitting(way, spans), {"$project": {"external_id": 1}}]
        rows = self._mentions.aggregate(steps, hint=way.index, batchSize=_LOOK)
        while some := list(islice(rows, _LOOK)):
            query = {"_id": {"$in": [one["external_id"] for one in some]}, **_FITS[state]}
            fitting = {one["_id"] for one in self._posts.find(query, {"_id": 1}).batch_size(_LOOK + 1)}
            yield from (one["_id"] for one in some if one["external_id"] in fitting)

    def _end(self, way: _Way, spans: Sequence[Document]) -> Key | None:
        """Where a page ends at the latest: by the index alone. None: there are no more rows than that."""
        query = {**way.leads, "$and": list(spans)}
        found = self._mentions.find(query, {"published_at": 1}).hint(way.index).sort(list(_ORDER.items()))
        last = next(iter(found.skip(self._window - 1).limit(1)), None)
        return None if last is None else (last["published_at"], last["_id"])


def _way(wanted: Wanted) -> _Way:
    """By the filter that leaves least, as far as that is known without looking."""
    given: Document = {}
    if wanted.author_id is not None:
        given["author_id"] = wanted.author_id
    if wanted.source is not None:
        given["sources"] = wanted.source
    if wanted.language is not None:
        given["language"] = wanted.language
    if wanted.status is not None:
        given["status"] = wanted.status.value
    text = {"$all": [re.compile(re.escape(word), re.IGNORECASE) for word in wanted.words]}
    own = {"tenant_id": wanted.tenant}
    if "author_id" in given:
        leads, index = {"author_id": given.pop("author_id"), **own}, BY_AUTHOR
    elif "sources" in given:
        leads, index = {"sources": given.pop("sources")}, BY_SOURCE
    elif "language" in given:
        leads, index = {**own, "language": given.pop("language")}, BY_LANGUAGE
    else:
        leads, index = {**own, "status": given.pop("status", _ANY)}, BY_STATUS
    return _Way(leads, index.name, given | ({"content": text} if wanted.words else {}), own)


def _span(wanted: Wanted) -> Document:
    between = {"$gte": wanted.since, "$lt": wanted.until}
    given = {name: moment for name, moment in between.items() if moment is not None}
    return {"published_at": given} if given else {}


def _below(start: Key | None) -> list[Document]:
    """What comes after the key; said twice, for bounds of an index come from the first."""
    if start is None:
        return []
    at, row_id = start
    after: list[Document] = [{"published_at": {"$lt": at}}, {"published_at": at, "_id": {"$lt": row_id}}]
    return [{"published_at": {"$lte": at}}, {"$or": after}]


def _down_to(end: Key) -> list[Document]:
    """What comes before the key, and the row of the key itself."""
    at, row_id = end
    before: list[Document] = [{"published_at": {"$gt": at}}, {"published_at": at, "_id": {"$gte": row_id}}]
    return [{"published_at": {"$gte": at}}, {"$or": before}]


def _fitting(way: _Way, spans: Sequence[Document]) -> list[Document]:
    """The steps to all that fits, the newest first."""
    return [{"$match": {**way.own, **way.leads, **way.rest, "$and": list(spans)}}, {"$sort": _ORDER}]


def _grouped(field: str, most: int) -> list[Document]:
    """How many there are of each value, the most frequent first."""
    apart = [{"$unwind": "$sources"}] if field == "sources" else []
    return [*apart, {"$sortByCount": f"${field}"}, {"$limit": most}, {"$project": {"n": "$count"}}]
