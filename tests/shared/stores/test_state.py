"""`X_state` on a real MongoDB."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.stores.bundle import Stores
from shared.stores.database import Db


@pytest.mark.parametrize("value", ["old", 2**62, None, [1, "a"], {"a": {"b": 1.5}}])
def test_a_value_comes_back_as_it_was_set(stores: Stores, value: object) -> None:
    """Any small value, set twice, is there once."""
    stores.state.set("key", value)
    stores.state.set("key", value)

    assert stores.state.get("key") == value


def test_keys_are_apart_and_an_unset_one_is_none(stores: Stores, mongo_db: Db) -> None:
    """The last value counts, with the time of MongoDB."""
    stores.state.set("a", 1)
    stores.state.set("b", 2)
    stores.state.set("a", 3)

    assert (stores.state.get("a"), stores.state.get("b"), stores.state.get("c")) == (3, 2, None)
    written = (mongo_db["X_state"].find_one({"_id": "a"}) or {})["updated_at"]
    assert abs(written - datetime.now(UTC)) < timedelta(seconds=5)


def test_fields_of_a_value_change_by_themselves(stores: Stores) -> None:
    """Two who set different ones do not undo each other; what was there before is answered."""
    assert stores.state.merge("key", {"a": 1}) == {}
    assert stores.state.merge("key", {"b": 2}) == {"a": 1}
    assert stores.state.merge("key", {}) == {"a": 1, "b": 2}
    assert stores.state.drop("key", ["a", "c"]) == {"a": 1, "b": 2}
    assert stores.state.drop("key", []) == {"b": 2}
    assert stores.state.get("key") == {"b": 2}
