"""Counts by index: right, and without a look at any document."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.engagement.tiers import Tier
from shared.stores.bundle import Stores
from shared.stores.counting import up_to
from shared.stores.database import Db
from tests.shared.stores.conftest import HOUR, NOW, looked_at

TODAY = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
DAY = timedelta(days=1)
NUMBERS = {Tier.ULTRA_HOT: 3, Tier.HOT: 5, Tier.WARM: 7, Tier.COLD: 40}


@pytest.fixture
def filled(stores: Stores, mongo_db: Db) -> Stores:
    """Of each tier some posts, all but the retired cold ones due in turn, every third paid for today; and files."""
    mongo_db["X_engagement"].insert_many(
        {
            "_id": f"{tier}{number}",
            "tier": tier.value,
            "next_refresh_at": None if tier is Tier.COLD and number >= 20 else NOW + (number - 2) * HOUR,
            "bought_on": TODAY if number % 3 == 0 else TODAY - DAY,
        }
        for tier, posts in NUMBERS.items()
        for number in range(posts)
    )
    mongo_db["X_media"].insert_many(
        {"_id": f"{status}{number}", "download": {"status": status}}
        for status, files in {"pending": 2, "failed": 3, "ok": 60}.items()
        for number in range(files)
    )
    return stores


COUNTS: dict[str, tuple[Callable[[Stores], Any], Any]] = {
    "tiers": (lambda stores: stores.engagement.count_by_tier(), {tier.value: n for tier, n in NUMBERS.items()}),
    "due": (lambda stores: stores.engagement.count_due(now=NOW), 3 * 4),
    # Until midnight eleven hours: fourteen of the cold ones, of which five were paid for; of the others 10 of 15.
    "unpaid": (lambda stores: stores.engagement.count_unpaid(day_starts=TODAY, day_ends=TODAY + DAY), 9 + 2 + 3 + 4),
    "files": (lambda stores: stores.media.count_by_status(), {"pending": 2, "failed": 3, "ok": 60}),
}


@pytest.mark.parametrize("name", COUNTS)
def test_what_is_counted_is_right_and_read_from_an_index(filled: Stores, mongo_db: Db, name: str) -> None:
    """No document is looked at, and of what most are (cold posts, files that are there) no key either."""
    count, expected = COUNTS[name]
    counts: list[Any] = []

    looks = looked_at(mongo_db, lambda: counts.append(count(filled)))

    counted = [one for one in looks if "RECORD_STORE" not in one["planSummary"]]
    assert counts == [expected]
    assert counted
    assert [one["docsExamined"] for one in counted] == [0] * len(counted)
    assert sum(one["keysExamined"] for one in counted) < 60


def test_a_count_ends_at_the_most_that_is_wanted(filled: Stores, mongo_db: Db) -> None:
    """However much more there is."""
    due = {"tier": Tier.COLD.value, "next_refresh_at": {"$type": "date"}}

    assert (up_to(mongo_db["X_engagement"], due, 7), up_to(mongo_db["X_engagement"], due)) == (7, 20)
    assert up_to(mongo_db["X_engagement"], due | {"tier": "none"}, 7) == 0
