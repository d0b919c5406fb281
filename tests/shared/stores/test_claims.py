"""Claims on due posts: full, by urgency, and at the same cost whatever else is due."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from shared.domain.engagement.tiers import Tier
from shared.stores.bundle import Stores
from shared.stores.database import Db
from tests.shared.stores.conftest import HOUR, NOW, CommandCount, at_once, looked_at

LEASE = timedelta(minutes=10)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TODAY = NOW.replace(hour=0, minute=0, second=0, microsecond=0)


def due(db: Db, first: int, posts: int, tier: Tier, *, since: datetime, bought_on: datetime = TODAY - DAY) -> None:
    """So many posts of a tier that are due, each a millisecond later than the one before."""
    db["X_engagement"].insert_many(
        {
            "_id": str(first + number),
            "tier": tier.value,
            "next_refresh_at": since + number * timedelta(milliseconds=1),
            "bought_on": bought_on,
        }
        for number in range(posts)
    )


def test_claims_are_filled_in_order(counted: Stores, commands: CommandCount, mongo_db: Db) -> None:
    """The most urgent under the first; all in three commands, however many claims there are; the last has the rest."""
    due(mongo_db, 1_000, 150, Tier.COLD, since=NOW - 2 * HOUR)
    due(mongo_db, 2_000, 100, Tier.ULTRA_HOT, since=NOW - 10 * MINUTE)
    got: dict[str, list[int]] = {}

    asked = commands.during(
        lambda: got.update(counted.engagement.claim_due(["a", "b", "c", "d"], size=100, now=NOW, lease=LEASE))
    )

    assert asked == ["aggregate", "update", "find"]
    assert sorted(got["a"]) == list(range(2_000, 2_100))
    assert sorted(got["b"] + got["c"]) == list(range(1_000, 1_150))
    assert (len(got["b"]), got.keys()) == (100, {"a", "b", "c"})
    assert counted.engagement.claim_due(["e"], size=100, now=NOW, lease=LEASE) == {}


def test_claims_are_full_however_many_claimants_there_are(stores: Stores, mongo_db: Db) -> None:
    """Eight at once, a hundred each, of a thousand that are due: every claim is full, and no post is in two."""
    due(mongo_db, 1_000, 1_000, Tier.WARM, since=NOW - HOUR)

    claimed = at_once(8, lambda number: stores.engagement.claim_due([f"c{number}"], size=100, now=NOW, lease=LEASE))

    ids = [post for one in claimed for of_claim in one.values() for post in of_claim]
    assert [len(one[f"c{number}"]) for number, one in enumerate(claimed)] == [100] * 8
    assert len(set(ids)) == 800


def test_without_money_what_was_paid_for_today_is_claimed(stores: Stores, mongo_db: Db) -> None:
    """A long backlog of what was not does not stand before it."""
    due(mongo_db, 1_000, 500, Tier.WARM, since=NOW - DAY)
    due(mongo_db, 5_000, 3, Tier.WARM, since=NOW - MINUTE, bought_on=TODAY)

    got = stores.engagement.claim_due(["a"], size=100, now=NOW, lease=LEASE, bought_on=TODAY)

    assert sorted(got["a"]) == [5_000, 5_001, 5_002]


@pytest.mark.parametrize("bought_on", [None, TODAY])
def test_a_claim_looks_at_what_it_takes_alone(stores: Stores, mongo_db: Db, bought_on: datetime | None) -> None:
    """Of each tier as many documents as are wanted, of ten times as many, and none that is out of reach."""
    for number, tier in enumerate(Tier):
        due(mongo_db, 10_000 * (number + 1), 300, tier, since=NOW - HOUR)
        due(mongo_db, 10_000 * (number + 1) + 5_000, 300, tier, since=NOW - HOUR, bought_on=TODAY)
    got: dict[str, list[int]] = {}

    looks = looked_at(
        mongo_db,
        lambda: got.update(stores.engagement.claim_due(["a"], size=30, now=NOW, lease=LEASE, bought_on=bought_on)),
    )

    chosen = [one for one in looks if one["command"].get("aggregate") == "X_engagement"]
    assert len(got["a"]) == 30
    assert chosen
    assert sum(one["docsExamined"] for one in chosen) <= 30 * len(Tier)
    assert sum(one["keysExamined"] for one in chosen) <= 31 * len(Tier)
    assert not any(one.get("hasSortStage") for one in chosen)


def test_a_claim_has_its_most_urgent_first(stores: Stores, mongo_db: Db) -> None:
    """Whatever their ids: with too little money the first of a claim are read."""
    due(mongo_db, 5_000, 3, Tier.COLD, since=NOW - 3 * DAY)
    due(mongo_db, 1_000, 3, Tier.COLD, since=NOW - HOUR)
    due(mongo_db, 9_000, 3, Tier.COLD, since=NOW - 9 * DAY)

    got = stores.engagement.claim_due(["a"], size=100, now=NOW, lease=LEASE)

    assert got["a"] == [*range(9_000, 9_003), *range(5_000, 5_003), *range(1_000, 1_003)]
