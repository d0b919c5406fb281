"""`X_users` on a real MongoDB."""

from __future__ import annotations

from shared.stores.bundle import Stores
from shared.stores.database import Db
from tests.shared.stores.conftest import AWKWARD_IDS, HOUR, NOW, CommandCount, user_of


def test_a_page_of_accounts_is_a_look_and_one_command(counted: Stores, commands: CommandCount) -> None:
    """A hundred accounts cost two round trips, none cost none."""
    users = [user_of(number, f"user{number}") for number in range(100)]

    assert commands.during(lambda: counted.users.upsert(users, now=NOW)) == ["find", "insert"]
    assert commands.during(lambda: counted.users.upsert([], now=NOW)) == []


def test_ids_of_any_size_survive(stores: Stores, mongo_db: Db) -> None:
    """As keys, past 2^63 too."""
    stores.users.upsert([user_of(i, f"u{i % 10**9}") for i in AWKWARD_IDS], now=NOW)

    assert {int(d["_id"]) for d in mongo_db["X_users"].find()} == set(AWKWARD_IDS)
    assert stores.users.count() == len(AWKWARD_IDS)


def test_a_short_description_erases_nothing_and_a_new_one_replaces(stores: Stores, mongo_db: Db) -> None:
    """What X left out stays; what it said anew, an emptied biography or a lost badge too, is taken."""
    full = user_of(
        *(1, "nasa"),
        name="NASA",
        verified=True,
        verified_type="government",
        protected=False,
        public_metrics={"followers_count": 5},
        description="space",
        url="https://t.co/x",
        location="Earth",
        created_at=NOW,
    )
    stores.users.upsert([full], now=NOW)
    stores.users.upsert([user_of(1, "NASA", name="NASA")], now=NOW + HOUR)
    short = mongo_db["X_users"].find_one({"_id": "1"}) or {}
    stores.users.upsert([user_of(1, "NASA", verified=False, description="")], now=NOW + 2 * HOUR)
    emptied = mongo_db["X_users"].find_one({"_id": "1"}) or {}

    assert short["bio_snapshot"] == {"description": "space", "url": "https://t.co/x", "location": "Earth"}
    assert (short["verified"], short["verified_type"], short["protected"]) == (True, "government", False)
    assert (short["username"], short["last_updated_at"]) == ("NASA", NOW + HOUR)
    assert emptied["bio_snapshot"]["description"] == ""
    assert emptied["verified"] is False
    assert emptied["public_metrics"] == {"followers_count": 5}
