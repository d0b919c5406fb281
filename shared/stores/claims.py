"""Claims on posts that are due: which are chosen, and that no two claimants have the same.

A claim moves `next_refresh_at` forward by a lease, under a claim id. Each look reads of every tier as many as are
wanted, by an index in the order in which they became due; what is not wanted is never looked at. So a claim costs the
same however many posts are followed, are due, or cannot be paid for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from pymongo import ASCENDING, UpdateMany
from pymongo.collection import Collection

from shared.domain.engagement.next_reading import Claimed, next_reading_at
from shared.domain.engagement.tiers import Tier
from shared.domain.engagement.turns import in_turn
from shared.stores.database import Document
from shared.stores.indexes import Index

_IS_DUE: Document = {"$type": "date"}
INDEXES = (
    Index("X_engagement", {"tier": ASCENDING, "next_refresh_at": ASCENDING}),
    Index(
        "X_engagement",
        {"bought_on": ASCENDING, "tier": ASCENDING, "next_refresh_at": ASCENDING},
        {"partialFilterExpression": {"next_refresh_at": _IS_DUE}},
    ),
    Index("X_engagement", {"claim_id": ASCENDING}, {"sparse": True}),
)
# Who comes second finds what it chose taken, and looks again. So many claimants at once each get what there is.
LOOKS = 20


def claim(
    states: Collection[Document],
    claims: Sequence[str],
    *,
    size: int,
    now: datetime,
    lease: timedelta,
    bought_on: datetime | None = None,
) -> dict[str, list[int]]:
    """Claim up to `size` posts under each of the ids, the most urgent under the first; answers those that have some.

    Each has its most urgent first: where the money is short, these are read.
    bought_on: only posts that X was paid for on that UTC day (its midnight). Three round trips, and three more as often
    as others were faster.
    """
    got: dict[str, list[int]] = {claim_id: [] for claim_id in claims}
    due: Document = {"next_refresh_at": {"$lte": now, **_IS_DUE}}
    due |= {} if bought_on is None else {"bought_on": bought_on}
    places: dict[int, int] = {}
    for _ in range(LOOKS):
        wanted = sum(size - len(ids) for ids in got.values())
        chosen = in_turn(_longest_due(states, due, wanted), now=now, most=wanted) if wanted else []
        if not chosen:
            break
        places |= {int(one): len(places) + place for place, one in enumerate(chosen)}
        _take(states, _shared_out(got, chosen, size), due, now, lease)
        got = _held(states, claims, len(claims) * size)
        lost = sum(map(len, got.values())) - (size * len(claims) - wanted) < len(chosen)
        if len(chosen) < wanted and not lost:
            break  # that was all
    return {claim_id: sorted(ids, key=lambda one: places.get(one, 0)) for claim_id, ids in got.items() if ids}


def most_due(states: Collection[Document], *, now: datetime, most: int, also_later: bool = False) -> list[str]:
    """The posts that are due, the most urgent first, and nothing is claimed. also_later: those that are not due yet,
    too, after them. One round trip.
    """
    due: Document = {"next_refresh_at": _IS_DUE if also_later else {"$lte": now, **_IS_DUE}}
    return in_turn(_longest_due(states, due, most), now=now, most=most)


def _longest_due(states: Collection[Document], due: Document, most: int) -> dict[Tier, list[tuple[datetime, str]]]:
    """Of each tier those that are due the longest, in one round trip."""
    first, *others = ([{"$match": due | {"tier": tier.value}}, *_first(most)] for tier in Tier)
    joined = [{"$unionWith": {"coll": states.name, "pipeline": other}} for other in others]
    found: dict[Tier, list[tuple[datetime, str]]] = {}
    for one in states.aggregate([*first, *joined], batchSize=len(Tier) * most + 1):
        found.setdefault(Tier(one["tier"]), []).append((one["next_refresh_at"], one["_id"]))
    return found


def _first(most: int) -> list[Document]:
    return [
        {"$sort": {"next_refresh_at": ASCENDING}},
        {"$limit": most},
        {"$project": {"tier": 1, "next_refresh_at": 1}},
    ]


def _shared_out(got: dict[str, list[int]], chosen: Iterable[str], size: int) -> Iterator[tuple[str, list[str]]]:
    """The chosen by the claims that have room, in order."""
    rest = iter(chosen)
    for claim_id, ids in got.items():
        if mine := [one for _, one in zip(range(size - len(ids)), rest, strict=False)]:
            yield claim_id, mine


def _take(
    states: Collection[Document],
    shares: Iterable[tuple[str, list[str]]],
    due: Document,
    now: datetime,
    lease: timedelta,
) -> None:
    lost_at = next_reading_at(Claimed(lease), now=now)
    states.bulk_write(
        [
            UpdateMany({"_id": {"$in": ids}, **due}, {"$set": {"next_refresh_at": lost_at, "claim_id": claim_id}})
            for claim_id, ids in shares
        ],
        ordered=False,
    )


def _held(states: Collection[Document], claims: Sequence[str], most: int) -> dict[str, list[int]]:
    """What is under each claim now; no more than `most` in all."""
    held: dict[str, list[int]] = {claim_id: [] for claim_id in claims}
    for one in states.find({"claim_id": {"$in": list(claims)}}, {"claim_id": 1}, batch_size=most + 1):
        held[one["claim_id"]].append(int(one["_id"]))
    return held
