"""What is written of posts that begin to be followed. Pure: made while MongoDB is busy with the posts themselves."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from pymongo import InsertOne, UpdateMany, UpdateOne

from shared.domain.days import midnight
from shared.domain.engagement.next_reading import DEFAULT_POLICY, RefreshPolicy
from shared.domain.engagement.refresh import Reading, first_seen
from shared.domain.engagement.selection import AT_ONCE, is_young, left_out
from shared.domain.models import Post
from shared.stores.database import Document
from shared.stores.engagement_documents import snapshot_to_document, to_document
from shared.stores.quote_debts import WANTED, begun

FIRST = "first"  # in the place of a claim, for the counts that a post was found with
LOOKED_AT: Document = {WANTED: 1, "follow_from": 1}
_NEW: Document = {WANTED: True}
_NOT_SAID: Mapping[int, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Beginnings:
    """late: ids of posts that are known, and whose quotes are wanted from now on. wanted: of known posts whose
    engagement was not followed, what is asked of them now. The others are new.
    """

    late: list[str]
    snapshots: list[InsertOne[Document]]
    states: list[InsertOne[Document]]
    wanted: list[UpdateOne]


def beginnings(
    posts: Iterable[Post],
    *,
    now: datetime,
    at: datetime,
    policy: RefreshPolicy = DEFAULT_POLICY,
    known: Mapping[str, Document],
    own: Collection[int] = frozenset(),
    follow_from: Mapping[int, float] = _NOT_SAID,
) -> Beginnings:
    """The counts that a post brought along are its first reading; without any it is due at once.

    at: when X told them, by its clock. known: those that are followed, with `LOOKED_AT` of them. own: those of them
    whose quotes are wanted. follow_from: the engagement below which a post is only kept, as those say who found it.
    """
    unique = {str(post.id): post for post in posts}
    late = [key for key, post in unique.items() if post.id in own and not known.get(key, _NEW).get(WANTED)]
    new = [post for key, post in unique.items() if key not in known]
    readings = [
        first_seen(post, now=now, at=at, policy=policy, follow_from=follow_from.get(post.id, AT_ONCE)) for post in new
    ]
    resting = [post for key, post in unique.items() if known.get(key, _NEW).get("follow_from") is not None]
    wanted = list(_wanted(resting, follow_from, known, now, at, policy))
    return Beginnings(late, snapshots(readings, FIRST), [_state(reading, now, own) for reading in readings], wanted)


def snapshots(readings: Iterable[Reading], source: str) -> list[InsertOne[Document]]:
    """The snapshots of readings; `source`, the claim, makes the id of each."""
    found = [reading.snapshot for reading in readings if reading.snapshot is not None]
    return [InsertOne({"_id": f"{one.post_id}:{source}", **snapshot_to_document(one)}) for one in found]


def extended(readings: Iterable[Reading]) -> list[UpdateMany]:
    """That the last snapshot of each post held until the reading. One that was taken away is not made anew.

    One update for all that changed last at the same moment: posts that stand still were read together.
    """
    together: dict[tuple[datetime | None, datetime], list[str]] = {}
    for one in readings:
        if one.at != one.engagement.changed_at:  # its own snapshot, delivered again
            together.setdefault((one.engagement.changed_at, one.at), []).append(str(one.engagement.post_id))
    return [
        UpdateMany({"post_id": {"$in": ids}, "at": changed_at}, {"$max": {"through": at}})
        for (changed_at, at), ids in together.items()
    ]


def _wanted(
    resting: Iterable[Post],
    follow_from: Mapping[int, float],
    known: Mapping[str, Document],
    now: datetime,
    at: datetime,
    policy: RefreshPolicy,
) -> Iterator[UpdateOne]:
    """Posts that are not followed: from now on they are, or from less engagement on. Found, they were paid for today:
    the reading that is due then is free.
    """
    for post in resting:
        before = known[str(post.id)]["follow_from"]
        least = min(before, follow_from.get(post.id, math.inf))
        query = {"_id": str(post.id), "follow_from": {"$ne": None}}
        if left_out(least, post.metrics) is None and is_young(at - post.created_at, policy):
            due = {"follow_from": None, "next_refresh_at": now, "bought_on": midnight(at)}
            yield UpdateOne(query, {"$set": due})
        elif least < before:
            yield UpdateOne(query, {"$min": {"follow_from": least}})


def _state(reading: Reading, now: datetime, own: Collection[int]) -> InsertOne[Document]:
    state = reading.engagement
    debt = begun(state.metrics) if state.post_id in own else {}
    document = {"_id": str(state.post_id), **to_document(state), "bought_on": midnight(reading.at), **debt}
    return InsertOne(document | {"first_seen_at": now})
