"""The posts of a plan in `X_engagement`: read by their ids, a part at a time, and given their dates in bulk.

A post's id begins with its time, so what is young enough to be followed is found behind an id. It is there by the time
it was made too: in the order of MongoDB the shorter ids of old posts stand behind those of today. What of a document
cannot be understood is left out, so that one odd post never stops the plan of all others.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from pymongo import ASCENDING, UpdateMany, UpdateOne

from shared.domain.engagement.tiers import Tier
from shared.domain.models import PostState
from shared.domain.planning.growth import left
from shared.domain.planning.posts import Tracked, day_of, hours
from shared.domain.snowflake import first_id_at
from shared.runtime.log import get_logger
from shared.stores.database import Db, Document, guarded
from shared.stores.posts import metrics_from_document

log = get_logger(__name__)
BATCH = 2_000
_OF_OPEN = dict.fromkeys(("state", "gone_reports", "follow_from"), 1)
_OPEN: Document = {"state": PostState.ALIVE.value, "read_at": {"$type": "date"}, "follow_from": None}
_NOT_REPORTED: Document = {"$in": [0, None]}
DAY_MS = 86_400_000
_FIELDS = dict.fromkeys(("created_at", "metrics", "read_at", "bought_on", "rate", "usual"), 1)


class Some(NamedTuple):
    """posts: those of them that can be understood. last_id: of all that were found; None: there were none."""

    posts: list[Tracked]
    last_id: str | None


class PlanPostStore:
    """What a plan reads and writes of posts that were read once, are not gone, and wait for no second word of X."""

    def __init__(self, db: Db) -> None:
        self._states = db["X_engagement"]

    @guarded
    def sample(self, most: int, *, since: datetime) -> tuple[list[Tracked], int]:
        """Some of the posts made since then by chance, all where they are few, by their ids; and about how many there
        are.

        MongoDB draws from a large collection without reading it.
        """
        from_id = str(first_id_at(since))
        stages: list[Document] = [{"$sample": {"size": most}}, {"$project": _FIELDS | _OF_OPEN}]
        drawn = list(self._states.aggregate(stages))
        mine = sorted(_understood(one for one in drawn if one["_id"] >= from_id and _is_open(one, since)), key=_id)
        total = self._states.estimated_document_count() if len(drawn) == most else len(drawn)
        return mine, round(total * len(mine) / max(1, len(drawn)))

    @guarded
    def some(self, from_id: str, to_id: str | None, *, since: datetime, is_open: bool = True) -> Some:
        """The next posts made since then from an id on, up to another, by id; is_open: the first id is one of them, if
        it is there.
        """
        ids: Document = {"$gte" if is_open else "$gt": from_id} | ({"$lt": to_id} if to_id else {})
        query: Document = {"_id": ids, **_OPEN, "gone_reports": _NOT_REPORTED, "created_at": {"$gte": since}}
        found = list(self._states.find(query, _FIELDS).sort("_id", ASCENDING).limit(BATCH))
        return Some(list(_understood(found)), found[-1]["_id"] if found else None)

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
    def date_revived(self, post_ids: Sequence[int], *, at: datetime, today: datetime) -> int:
        """Let quiet posts be bought at that time; answers how many there were. Those that have a date, that were bought
        today, or that went meanwhile stay as they are.
        """
        quiet: Document = {**_OPEN, "gone_reports": _NOT_REPORTED, "next_refresh_at": None, "bought_on": {"$ne": today}}
        mine: Document = {"_id": {"$in": [str(one) for one in post_ids]}, **quiet}
        return self._states.update_many(mine, {"$set": {"next_refresh_at": at}}).modified_count

    @guarded
    def let_rest(self, *, before: datetime, today: datetime) -> int:
        """Take the dates of posts made before that, which no plan buys and which were not bought today; answers how
        many. They were dated on another day, or by the tiers.
        """
        stale: Document = {"tier": {"$in": [one.value for one in Tier]}, "next_refresh_at": {"$type": "date"}}
        stale |= {**_OPEN, "gone_reports": _NOT_REPORTED, "created_at": {"$lt": before}, "bought_on": {"$ne": today}}
        rest: Document = {"$set": {"next_refresh_at": None}, "$unset": {"claim_id": ""}}
        return self._states.update_many(stale, rest).modified_count

    @guarded
    def give_back(self, after: str, *, since: datetime, limit: int) -> str | None:
        """Date some of the posts behind an id, made since then, that wait for a plan, when the planner decides no more:
        a day after their last reading. Answers the last id that was looked at, None at the end.
        """
        found = list(self._states.find({"_id": {"$gt": after}}, {"_id": 1}).sort("_id", ASCENDING).limit(limit))
        if not found:
            return None
        ids: Document = {"$gt": after, "$lte": found[-1]["_id"]}
        waiting: Document = {"_id": ids, **_OPEN, "next_refresh_at": None, "created_at": {"$gte": since}}
        day_after: Document = {"$add": ["$read_at", DAY_MS]}
        self._states.update_many(waiting, [{"$set": {"next_refresh_at": day_after}}])
        return str(found[-1]["_id"])


def walk(store: PlanPostStore, from_id: str, to_id: str | None, *, since: datetime) -> Iterator[list[Tracked]]:
    """All posts made since then from an id on, up to another, by id, some at a time."""
    found = store.some(from_id, to_id, since=since)
    while found.last_id is not None:
        yield found.posts
        found = store.some(found.last_id, to_id, since=since, is_open=False)


def edges(ids: Sequence[str], parts: int) -> Iterable[str]:
    """Ids, in order, that divide posts of which these are a sample into as many parts of about the same size."""
    places = {len(ids) * number // parts for number in range(1, parts)}
    return (ids[place] for place in sorted(places) if 0 < place < len(ids))


def _id(post: Tracked) -> str:
    return str(post.post_id)


def _is_open(document: Document, since: datetime) -> bool:
    is_there = document.get("state") == PostState.ALIVE.value and not document.get("gone_reports")
    made_at, read_at = document.get("created_at"), document.get("read_at")
    is_young = isinstance(made_at, datetime) and made_at >= since and isinstance(read_at, datetime)
    return is_there and is_young and document.get("follow_from") is None


def _understood(documents: Iterable[Document]) -> Iterator[Tracked]:
    """The posts; what is odd about one is told, and it is left out."""
    for one in documents:
        try:
            yield _tracked(one)
        except (TypeError, ValueError, AttributeError) as error:
            log.warning("a post cannot be planned", post_id=str(one["_id"]), error=str(error))


def _tracked(document: Document) -> Tracked:
    """Raises TypeError, ValueError, AttributeError for one that is odd."""
    born_at, read_at = hours(document["created_at"]), hours(document["read_at"])
    bought_on, metrics = document.get("bought_on"), document.get("metrics")
    rate, usual = float(document.get("rate") or 0.0), float(document.get("usual") or 0.0)
    if not math.isfinite(rate) or not math.isfinite(usual):
        raise ValueError(f"its growth of {rate} an hour, usual {usual}, is no number")
    return Tracked(
        post_id=int(document["_id"]),
        born_at=born_at,
        acts=max(0, (metrics_from_document(metrics).engagement if metrics else 0) or 0),
        read_at=read_at,
        owned_day=day_of(hours(bought_on)) if bought_on else None,
        rate=rate,
        usual=usual,
        to_come=left(read_at - born_at),
    )
