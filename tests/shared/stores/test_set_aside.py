"""`set_aside`: what nobody could read, kept small."""

from __future__ import annotations

import pytest

from shared.domain.set_aside import Kind, Reason, SetAside, set_aside
from shared.stores import set_aside as store
from shared.stores.bundle import Stores
from shared.stores.database import Db
from tests.shared.stores.conftest import HOUR, NOW, CommandCount


def odd(number: int, reason: Reason = Reason.NO_KEY) -> SetAside:
    """An object of its own."""
    return set_aside({"text": f"odd {number}"}, kind=Kind.POST, reason=reason, endpoint="tweets")


def texts(db: Db) -> list[str]:
    """What is kept, by when it was seen last."""
    return [one["text"] for one in db["set_aside"].find().sort([("seen_at", 1), ("text", 1)])]


def test_many_are_one_command(counted: Stores, commands: CommandCount) -> None:
    """A page of them is written at once, and none is no command; the first of its kind has the room looked at."""
    objects = [odd(number) for number in range(50)]

    assert commands.during(lambda: counted.set_aside.note([], now=NOW)) == []
    assert commands.during(lambda: counted.set_aside.note(objects, now=NOW)) == ["update", "count"]
    assert commands.during(lambda: counted.set_aside.note(objects, now=NOW + HOUR)) == ["update"]


def test_the_longest_unseen_go_first(stores: Stores, mongo_db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond so many; one that was seen again is young."""
    monkeypatch.setattr(store, "MAX_DOCUMENTS", 3)
    for number in range(3):
        stores.set_aside.note([odd(number)], now=NOW + number * HOUR)
    stores.set_aside.note([odd(0)], now=NOW + 3 * HOUR)
    stores.set_aside.note([odd(3), odd(4)], now=NOW + 4 * HOUR)

    assert texts(mongo_db) == ['{"text":"odd 0"}', '{"text":"odd 3"}', '{"text":"odd 4"}']


def test_they_are_counted_by_reason_as_of_when_they_were_seen(stores: Stores) -> None:
    """For the line in `covey status`."""
    stores.set_aside.note([odd(1), odd(2)], now=NOW)
    stores.set_aside.note([odd(3, Reason.TOO_LARGE)], now=NOW + HOUR)

    assert stores.set_aside.count(since=NOW) == {"no_key": 2, "too_large": 1}
    assert stores.set_aside.count(since=NOW + HOUR) == {"too_large": 1}


def test_they_expire(mongo_db: Db, stores: Stores) -> None:
    """After a month without being seen, by MongoDB itself."""
    stores.ensure_indexes()

    (index,) = [one for one in mongo_db["set_aside"].index_information().values() if "expireAfterSeconds" in one]
    assert (index["key"], index["expireAfterSeconds"]) == ([("seen_at", 1)], 30 * 86_400)
