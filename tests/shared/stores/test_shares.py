"""What sources spent of their shares, in MongoDB."""

from __future__ import annotations

import random
from datetime import date, timedelta

from shared.stores.bundle import Stores

DAY = date(2026, 11, 10)


def test_copies_of_sums_are_kept_in_any_order(stores: Stores) -> None:
    """The greatest of each life of Redis stays, whatever order they are written in and however often."""
    copies = [("first", 5), ("first", 9), ("second", 2), ("second", 4)] * 2
    random.Random(3).shuffle(copies)

    for epoch, micro_usd in copies:
        stores.shares.keep(DAY, epoch, {"floods": micro_usd, "talk": 1})

    assert stores.shares.of(DAY) == {"floods": {"first": 9, "second": 4}, "talk": {"first": 1, "second": 1}}
    assert stores.shares.of(DAY, "talk") == {"talk": {"first": 1, "second": 1}}


def test_days_are_apart_and_nothing_is_kept_for_nothing(stores: Stores) -> None:
    """Each day begins at nothing; a copy of no source writes nothing."""
    stores.shares.keep(DAY, "first", {"floods": 5})
    stores.shares.keep(DAY, "first", {})

    assert stores.shares.of(DAY + timedelta(days=1)) == {}
    assert stores.shares.of(DAY) == {"floods": {"first": 5}}


def test_what_was_spent_is_forgotten_after_a_week(stores: Stores) -> None:
    """MongoDB removes a document by its day."""
    stores.ensure_indexes()

    (found,) = [one for one in stores.db["shares"].index_information().values() if "expireAfterSeconds" in one]
    assert (found["key"], found["expireAfterSeconds"]) == ([("day", 1)], 7 * 86_400)
