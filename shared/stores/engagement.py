"""`X_engagement` and `X_engagement_history`: the present state of each post's engagement, and its snapshots.

A refresh is claimed by moving `next_refresh_at` forward by a lease under a claim id: a claim whose job was lost becomes
due again by itself, a job that arrives twice finds its claim answered, and one that arrives after its lease finds the
posts under another claim: neither reads anything again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from pymongo import ASCENDING, DESCENDING, InsertOne, UpdateMany, UpdateOne
from pymongo.collection import Collection as MongoCollection
from pymongo.errors import BulkWriteError

from shared.domain.counts import PostMetrics
from shared.domain.engagement.next_reading import DEFAULT_POLICY, RefreshPolicy, Released, next_reading_at
from shared.domain.engagement.refresh import Engagement, Reading
from shared.domain.engagement.tiers import Tier
from shared.domain.models import Post, PostState
from shared.stores import claims
from shared.stores.beginnings import LOOKED_AT, Beginnings, beginnings, extended, snapshots
from shared.stores.counting import by_value, up_to
from shared.stores.database import Db, Document, guarded
from shared.stores.described import DUPLICATE_KEY
from shared.stores.engagement_documents import from_document, to_document
from shared.stores.indexes import Index
from shared.stores.posts import metrics_from_document
from shared.stores.quote_debts import OWED, WANTED, recounted, told

INDEXES = (
    # The newest of a tier, for people. Partial, so that it is no candidate for what claims ask.
    Index(
        "X_engagement",
        {"tier": ASCENDING, "created_at": DESCENDING},
        {"partialFilterExpression": {"state": PostState.ALIVE.value}},
    ),
    Index("X_engagement_history", {"post_id": ASCENDING, "at": ASCENDING}),
)
MOST_DUE = 1_000_000  # a second's work of MongoDB
_TIERS = {"$in": [tier.value for tier in Tier]}


class EngagementStore:
    """State of every post (`_id` is the post's id) and the history of its counts."""

    def __init__(self, db: Db) -> None:
        self._states = db["X_engagement"]
        self._history = db["X_engagement_history"]

    @guarded
    def begin(
        self,
        posts: Iterable[Post],
        *,
        now: datetime,
        at: datetime | None = None,
        policy: RefreshPolicy = DEFAULT_POLICY,
        known: Mapping[str, Document] | None = None,
        own: Collection[int] = frozenset(),
    ) -> int:
        """Follow the engagement of posts that are not followed yet; answers how many snapshots are new.

        As `beginnings`, at the present where `at` is not known; `known` is looked up where it is not given.
        """
        posts = list(posts)
        if known is None:
            ids = [str(post.id) for post in posts]
            known = {one["_id"]: one for one in self._states.find({"_id": {"$in": ids}}, LOOKED_AT)} if ids else {}
        return self.write(beginnings(posts, now=now, at=at or now, policy=policy, known=known, own=own))

    @guarded
    def write(self, begun: Beginnings) -> int:
        """Write what posts begin with; answers how many snapshots are new.

        Snapshots come first, so that a state that is there never lacks its own.
        """
        if begun.late:
            self._states.update_many({"_id": {"$in": begun.late}}, recounted({WANTED: True}))
        new = _insert_new(self._history, begun.snapshots)
        _insert_new(self._states, [*begun.states, *begun.wanted])
        return new

    @guarded
    def get(self, post_id: int) -> Engagement | None:
        """The state of a post, None where it is not followed."""
        document = self._states.find_one({"_id": str(post_id)})
        return from_document(document) if document else None

    @guarded
    def among(self, post_ids: Sequence[int]) -> dict[int, Engagement]:
        """The states of those of the posts that are followed."""
        found = self._states.find({"_id": {"$in": [str(post_id) for post_id in post_ids]}})
        return {int(one["_id"]): from_document(one) for one in found}

    @guarded
    def count_known(self, post_ids: Sequence[int]) -> int:
        """How many of the posts were found before."""
        return self._states.count_documents({"_id": {"$in": [str(post_id) for post_id in post_ids]}})

    @guarded
    def snapshots(self, claims: Mapping[int, str]) -> dict[int, tuple[datetime, PostMetrics, PostMetrics]]:
        """What a claim read of each post (post -> its claim): when, the counts, and their differences.

        Posts without are left out.
        """
        ids = [f"{post_id}:{claim_id}" for post_id, claim_id in claims.items()]
        return {
            int(found["post_id"]): (
                found["at"],
                metrics_from_document(found["metrics"]),
                metrics_from_document(found["deltas"]),
            )
            for found in self._history.find({"_id": {"$in": ids}})
        }

    @guarded
    def count_due(self, *, now: datetime) -> int:
        """How many posts are due to be read, up to a million."""
        return up_to(self._states, {"tier": _TIERS, "next_refresh_at": {"$lte": now, "$type": "date"}}, MOST_DUE)

    @guarded
    def count_unpaid(self, *, day_starts: datetime, day_ends: datetime) -> int:
        """How many posts are due before the UTC day ends and were not read on it: reading them costs money once."""
        due: Document = {"tier": _TIERS, "next_refresh_at": {"$lt": day_ends, "$type": "date"}}
        return max(0, up_to(self._states, due) - up_to(self._states, {"bought_on": day_starts, **due}))

    @guarded
    def claim_due(
        self, under: Sequence[str], *, size: int, now: datetime, lease: timedelta, bought_on: datetime | None = None
    ) -> dict[str, list[int]]:
        """Claim up to `size` due posts under each id, as `claims` says; safe with any number of claimants.

        bought_on: only posts that X was paid for on the UTC day that begins then: it bills them no more that day.
        """
        return claims.claim(self._states, under, size=size, now=now, lease=lease, bought_on=bought_on)

    @guarded
    def most_due(self, *, now: datetime, most: int, also_later: bool = False) -> list[str]:
        """Ids of up to `most` posts that are due, the most urgent first; as `claims.most_due` says."""
        return claims.most_due(self._states, now=now, most=most, also_later=also_later)

    @guarded
    def load(self, claim_id: str, post_ids: Sequence[int]) -> tuple[dict[int, Engagement], set[int]]:
        """The states of the posts that are known, and the ids among them that this claim has answered already."""
        found = list(self._states.find({"_id": {"$in": [str(post_id) for post_id in post_ids]}}))
        states = {int(document["_id"]): from_document(document) for document in found}
        return states, {int(d["_id"]) for d in found if d.get("answered_claim") == claim_id}

    @guarded
    def not_held(self, claim_id: str, post_ids: Sequence[int]) -> set[int]:
        """The posts among them that this claim holds no more: it has answered, or its lease ended and another came."""
        others = {"_id": {"$in": [str(post_id) for post_id in post_ids]}, "claim_id": {"$ne": claim_id}}
        return {int(document["_id"]) for document in self._states.find(others, {"_id": 1})}

    @guarded
    def answer(self, claim_id: str, readings: Sequence[Reading], *, each_stays: bool = False) -> int:
        """Store readings and their snapshots in two bulk writes; answers how many snapshots are new.

        A snapshot's id is made of the post and the claim, so that writing it twice leaves one. A reading that is older
        than what another one wrote meanwhile leaves that as it is. each_stays: a reading that says nothing new is a
        snapshot all the same, because somebody asked for it.
        """
        new = self.note(claim_id, readings, each_stays=each_stays)
        self.end(claim_id, readings)
        return new

    @guarded
    def note(self, claim_id: str, readings: Sequence[Reading], *, each_stays: bool = False) -> int:
        """The snapshots of it; they come first, so that a state that is there never lacks its own."""
        again = [] if each_stays else [one for one in readings if one.is_unchanged]
        fresh = [one for one in readings if each_stays or not one.is_unchanged]
        return _insert_new(self._history, [*snapshots(fresh, claim_id), *extended(again)])

    @guarded
    def end(self, claim_id: str, readings: Sequence[Reading]) -> None:
        """The states of it. A claim that is answered is not read again."""
        # By nothing but the id: a filter that MongoDB has to plan takes half as much again (100 states: 18 ms of its
        # processor, and 10 so).
        updates = [UpdateOne({"_id": str(one.engagement.post_id)}, _answered(one, claim_id)) for one in readings]
        if updates:
            self._states.bulk_write(updates, ordered=False)

    @guarded
    def release_unanswered(self, *, now: datetime) -> int:
        """Make due again what was claimed and not answered; answers how many posts."""
        lost = {"next_refresh_at": {"$gt": now}, "claim_id": {"$exists": True}}
        return self._states.update_many(
            lost, {"$set": {"next_refresh_at": next_reading_at(Released(), now=now)}}
        ).modified_count

    @guarded
    def count(self) -> int:
        """How many posts have a state (estimated)."""
        return self._states.estimated_document_count()

    @guarded
    def count_by_tier(self) -> dict[str, int]:
        """How many posts are in each tier."""
        return by_value(self._states, "tier", [tier.value for tier in Tier if tier is not Tier.COLD], Tier.COLD.value)

    @guarded
    def count_snapshots(self) -> int:
        """How many snapshots are stored (estimated)."""
        return self._history.estimated_document_count()


def _insert_new(
    collection: MongoCollection[Document], writes: Sequence[InsertOne[Document] | UpdateOne | UpdateMany]
) -> int:
    """Insert what is not there yet, ignoring what an earlier try or another process stored; answers how many."""
    if not writes:
        return 0
    try:
        return collection.bulk_write(list(writes), ordered=False).inserted_count
    except BulkWriteError as error:
        if any(fault["code"] != DUPLICATE_KEY for fault in error.details["writeErrors"]):
            raise
        return int(error.details["nInserted"])


def _answered(reading: Reading, claim_id: str) -> list[Document]:
    """The update that ends a claim, unless it has answered already, and sets the state where nobody wrote a later
    reading."""
    after, counts = reading.engagement, reading.engagement.metrics
    is_later = {"$gte": [reading.at, {"$ifNull": ["$read_at", reading.at]}]}
    literal = {"$literal": to_document(after) | {"follow_from": after.follow_from}}
    debt = told(counts.quote_count if counts else None, is_alive=after.state is PostState.ALIVE)
    state = {"$cond": [is_later, {"$mergeObjects": [literal, debt]}, {OWED: f"${OWED}"}]}
    ended = {"answered_claim": {"$literal": claim_id}, "readings": {"$add": [{"$ifNull": ["$readings", 0]}, 1]}}
    rest = _without(OWED, _without("claim_id", "$$ROOT"))
    is_ended = {"$eq": ["$answered_claim", {"$literal": claim_id}]}
    return [{"$replaceWith": {"$cond": [is_ended, "$$ROOT", {"$mergeObjects": [rest, state, ended]}]}}]


def _without(field: str, document: str | Document) -> Document:
    return {"$unsetField": {"field": field, "input": document}}
