"""The posts of a plan in `X_engagement`: read by their ids, a part at a time, and given their dates in bulk.

A post's id begins with its time, so what is young enough to be followed is what lies behind an id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from pymongo import ASCENDING, UpdateMany, UpdateOne

from shared.domain.models import PostState
from shared.domain.planning.growth import left
from shared.domain.planning.posts import Tracked, day_of, hours
from shared.stores.database import Db, Document, guarded
from shared.stores.posts import metrics_from_document

BATCH = 2_000
_OF_OPEN = dict.fromkeys(("state", "gone_reports", "follow_from"), 1)
_OPEN: Document = {"state": PostState.ALIVE.value, "read_at": {"$ne": None}, "follow_from": None}
DAY_MS = 86_400_000
_FIELDS = dict.fromkeys(("created_at", "metrics", "read_at", "bought_on", "rate", "usual"), 1)


class PlanPostStore:
    """What a plan reads and writes of posts that were read once, are not gone, and wait for no second word of X."""

    def __init__(self, db: Db) -> None:
        self._states = db["X_engagement"]

    @guarded
    def sample(self, most: int, *, from_id: str) -> tuple[list[Tracked], int]:
        """Some of the posts by chance, all where they are few, by their ids; and about how many there are.

        MongoDB draws from a large collection without reading it.
        """
        stages: list[Document] = [{"$sample": {"size": most}}, {"$project": _FIELDS | _OF_OPEN}]
        drawn = list(self._states.aggregate(stages))
        mine = sorted((_tracked(one) for one in drawn if one["_id"] >= from_id and _is_open(one)), key=_id)
        total = self._states.estimated_document_count() if len(drawn) == most else len(drawn)
        return mine, round(total * len(mine) / max(1, len(drawn)))

    @guarded
    def some(self, from_id: str, to_id: str | None, *, is_open: bool = True) -> list[Tracked]:
        """The next posts from an id on, up to another, by id; is_open: the first id is one of them, if it is there."""
        ids: Document = {"$gte" if is_open else "$gt": from_id} | ({"$lt": to_id} if to_id else {})
        query: Document = {"_id": ids, **_OPEN, "gone_reports": 0}
        return [_tracked(one) for one in self._states.find(query, _FIELDS).sort("_id", ASCENDING).limit(BATCH)]

    @guarded
    def date(self, due: Mapping[int, datetime], others: Sequence[int], *, today: datetime) -> int:
        """Give posts their dates; take those of the others, and the claims of jobs that are on their way.

        What was bought today, by whatever came meanwhile, is left as it is. Answers how many of `due` there were.
        """
        open_: Document = {"bought_on": {"$ne": today}}
        writes: list[UpdateOne | UpdateMany] = [
            UpdateOne({"_id": str(post_id), **open_}, {"$set": {"next_refresh_at": at}}) for post_id, at in due.items()
        ]
        if others:
            stale: Document = {"_id": {"$in": [str(one) for one in others]}, "next_refresh_at": {"$ne": None}, **open_}
            writes.append(UpdateMany(stale, {"$set": {"next_refresh_at": None}, "$unset": {"claim_id": ""}}))
        if writes:
            self._states.bulk_write(writes, ordered=False)
        return len(due)

    @guarded
    def give_back(self, after: str, *, limit: int) -> str | None:
        """Date some of the posts behind an id that wait for a plan, when the planner decides no more: a day after their
        last reading. Answers the last id that was looked at, None at the end.
        """
        found = list(self._states.find({"_id": {"$gt": after}}, {"_id": 1}).sort("_id", ASCENDING).limit(limit))
        if not found:
            return None
        ids: Document = {"$gt": after, "$lte": found[-1]["_id"]}
        waiting: Document = {"_id": ids, **_OPEN, "next_refresh_at": None}
        day_after: Document = {"$add": ["$read_at", DAY_MS]}
        self._states.update_many(waiting, [{"$set": {"next_refresh_at": day_after}}])
        return str(found[-1]["_id"])


def walk(store: PlanPostStore, from_id: str, to_id: str | None) -> Iterator[list[Tracked]]:
    """All posts from an id on, up to another, by id, some at a time."""
    found = store.some(from_id, to_id)
    while found:
        yield found
        found = store.some(str(found[-1].post_id), to_id, is_open=False)


def edges(ids: Sequence[str], parts: int) -> Iterable[str]:
    """Ids, in order, that divide posts of which these are a sample into as many parts of about the same size."""
    places = {len(ids) * number // parts for number in range(1, parts)}
    return (ids[place] for place in sorted(places) if 0 < place < len(ids))


def _id(post: Tracked) -> str:
    return str(post.post_id)


def _is_open(document: Document) -> bool:
    is_there = document["state"] == PostState.ALIVE.value and not document["gone_reports"]
    return is_there and document["read_at"] is not None and document.get("follow_from") is None


def _tracked(document: Document) -> Tracked:
    born_at, bought_on = hours(document["created_at"]), document.get("bought_on")
    read_at = hours(document["read_at"]) if document["read_at"] else None
    metrics = document["metrics"]
    return Tracked(
        post_id=int(document["_id"]),
        born_at=born_at,
        acts=(metrics_from_document(metrics).engagement if metrics else 0) or 0,
        read_at=read_at,
        owned_day=day_of(hours(bought_on)) if bought_on else None,
        rate=document.get("rate", 0.0),
        usual=document.get("usual", 0.0),
        to_come=1.0 if read_at is None else left(read_at - born_at),
    )
