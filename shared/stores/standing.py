"""How engagement is followed by tier: counted by index in the background, and kept for everybody who asks.

A million posts take about two seconds of MongoDB, ten million ten times that; so one job counts, rarely enough,
and nothing that a tick or a person does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta

from pymongo import ASCENDING

from shared.domain.engagement.standing import Standing, TierStanding
from shared.domain.engagement.tiers import Tier
from shared.stores.database import Db, Document, guarded

_KEY = "standing"
_DATED: Document = {"$type": "date"}


class StandingStore:
    """Counts `X_engagement`, and keeps the last count in `X_state`."""

    def __init__(self, db: Db) -> None:
        self._states, self._state = db["X_engagement"], db["X_state"]

    @guarded
    def tiers(self, intervals: Mapping[Tier, timedelta], *, now: datetime) -> dict[Tier, TierStanding]:
        """The posts of each tier. Takes time: see above."""
        claimed = self._claimed(now)
        return {tier: self._tier(tier, interval, claimed.get(tier, 0), now) for tier, interval in intervals.items()}

    @guarded
    def unpaid(self, *, day_starts: datetime) -> int:
        """How many posts are due before the UTC day ends for which X was not paid on it. Takes time: see above."""
        dated = {"next_refresh_at": {"$lt": day_starts + timedelta(days=1), **_DATED}}
        due = sum(self._count({"tier": tier.value, **dated}) for tier in Tier)
        paid = sum(self._count({"bought_on": day_starts, "tier": tier.value, **dated}) for tier in Tier)
        return max(0, due - paid)

    @guarded
    def keep(self, standing: Standing) -> None:
        """Let it be the last count."""
        value = asdict(standing) | {"tiers": {tier.value: asdict(one) for tier, one in standing.tiers.items()}}
        self._state.update_one({"_id": _KEY}, {"$set": {"value": value}}, upsert=True)

    @guarded
    def last(self) -> Standing | None:
        """The last count; None before the first."""
        found = self._state.find_one({"_id": _KEY})
        if found is None:
            return None
        tiers = {Tier(name): TierStanding(**one) for name, one in found["value"]["tiers"].items()}
        return Standing(**found["value"] | {"tiers": tiers})

    def _tier(self, tier: Tier, interval: timedelta, claimed: int, now: datetime) -> TierStanding:
        of_it: Document = {"tier": tier.value}
        due: Document = {"$lte": now, **_DATED}
        first = self._states.find_one({**of_it, "next_refresh_at": due}, sort=[("next_refresh_at", ASCENDING)])
        return TierStanding(
            followed=self._count({**of_it, "next_refresh_at": _DATED}),
            due=self._count({**of_it, "next_refresh_at": due}),
            overdue=self._count({**of_it, "next_refresh_at": {**due, "$lte": now - interval}}),
            claimed=claimed,
            lag_seconds=(now - first["next_refresh_at"]).total_seconds() if first else 0.0,
        )

    def _claimed(self, now: datetime) -> dict[Tier, int]:
        """Posts that jobs are about to read: as many as are under way, which is bounded."""
        query: Document = {"claim_id": {"$exists": True}, "next_refresh_at": {"$gt": now}}
        rows = self._states.aggregate([{"$match": query}, {"$group": {"_id": "$tier", "n": {"$sum": 1}}}])
        return {Tier(row["_id"]): int(row["n"]) for row in rows}

    def _count(self, query: Document) -> int:
        return self._states.count_documents(query)
