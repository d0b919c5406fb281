"""Counts by tier are those of the documents, whatever they are."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import pytest

from shared.domain.engagement.standing import Standing, TierStanding
from shared.domain.engagement.tiers import Tier
from shared.domain.engagement.turns import INTERVALS
from shared.stores.bundle import Stores
from tests.shared.stores.conftest import NOW

TODAY = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
HOUR = timedelta(hours=1)


def documents(seed: int) -> list[dict[str, Any]]:
    """States of every kind: due, late, claimed, paid today or before, never read, read no more."""
    chance = Random(seed)
    return [
        {
            "_id": str(number),
            "state": "alive",
            "tier": chance.choice(list(Tier)).value,
            "next_refresh_at": chance.choice([None, *(NOW + chance.randint(-60, 40) * HOUR for _ in range(4))]),
            "bought_on": chance.choice([None, TODAY, TODAY - timedelta(days=1)]),
            **chance.choice([{}, {"claim_id": "c"}]),
        }
        for number in range(200)
    ]


def of_tier(found: list[dict[str, Any]], tier: Tier) -> TierStanding:
    """What the documents say, one by one."""
    dated = [one for one in found if one["tier"] == tier.value and one["next_refresh_at"] is not None]
    due = [one for one in dated if one["next_refresh_at"] <= NOW]
    return TierStanding(
        followed=len(dated),
        due=len(due),
        overdue=len([one for one in due if one["next_refresh_at"] <= NOW - INTERVALS[tier]]),
        claimed=len([one for one in dated if "claim_id" in one and one["next_refresh_at"] > NOW]),
        lag_seconds=max(((NOW - one["next_refresh_at"]).total_seconds() for one in due), default=0.0),
    )


@pytest.mark.parametrize("seed", range(3))
def test_counts_are_those_of_the_documents(stores: Stores, seed: int) -> None:
    """By tier, and what is due today for money; nothing where there is nothing."""
    assert stores.standing.tiers(INTERVALS, now=NOW) == dict.fromkeys(Tier, TierStanding())
    found = documents(seed)
    stores.db["X_engagement"].insert_many(found)

    assert stores.standing.tiers(INTERVALS, now=NOW) == {tier: of_tier(found, tier) for tier in Tier}
    tomorrow = TODAY + timedelta(days=1)
    dear = [one for one in found if one["next_refresh_at"] is not None and one["next_refresh_at"] < tomorrow]
    assert stores.standing.unpaid(day_starts=TODAY) == len([one for one in dear if one["bought_on"] != TODAY])


def test_the_last_count_is_kept(stores: Stores) -> None:
    """As it was; none before the first."""
    assert stores.standing.last() is None
    one = TierStanding(followed=5, due=2, overdue=1, claimed=1, lag_seconds=3.5)
    standing = Standing(at=NOW, took_seconds=0.25, tiers={Tier.HOT: one}, unpaid=7)

    stores.standing.keep(standing)

    assert stores.standing.last() == standing
