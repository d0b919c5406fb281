"""What answers leave behind, in whatever order they come and whatever the writer knew: real MongoDB."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.stores.database import Db, Document
from shared.stores.described import Described, Recognised, Told
from tests.shared.stores.conftest import NOW, CommandCount, Stores, at_once

SECOND = timedelta(seconds=1)
# What may be said of an object: plain fields, a part that is put together name by name, odd names in it.
values = st.integers(0, 3)
parts = st.dictionaries(st.sampled_from(["a", "b", "$c", "d.e", ""]), values, min_size=1, max_size=3)
answers = st.fixed_dictionaries({}, optional={"x": values, "y": values, "raw": parts})
said = st.lists(st.tuples(st.integers(0, 3), answers, st.booleans()), min_size=1, max_size=5)


def described(db: Db, *, in_one: bool = False, recognised: Recognised = Recognised.NEVER) -> Described:
    """Objects with a part, and a mark that a later answer takes away."""
    return Described(db["X_tweets"], nested=("raw",), until_later="gone", in_one=in_one, recognised=recognised)


def told(document: Document, id_: str = "1", **more: Any) -> Told:
    """An object."""
    return Told(id=id_, document=document, **more)


def by_rule(history: list[tuple[int, Document, bool]]) -> Document:
    """What is to be there: an answer is put over what is known, or under it where a later one is known; and so its
    part, name by name."""
    result: Document = {}
    latest = -1
    for second, document, _ in history:
        lower, upper = (result, document) if second >= latest else (document, result)
        raw = lower.get("raw", {}) | upper.get("raw", {})
        result = lower | upper | ({"raw": raw} if raw else {})
        latest = max(latest, second)
    return result


@pytest.mark.parametrize("in_one", [False, True])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=said)
def test_the_later_answer_decides_field_by_field(
    mongo_db: Db, in_one: bool, history: list[tuple[int, Document, bool]]
) -> None:
    """Also where the writer took the object for new, or looked before others wrote; lists grow, and so does the last
    sighting. Beside it is one that is known."""
    mongo_db["X_tweets"].delete_many({})
    store = described(mongo_db, in_one=in_one)
    known = told({"x": 1}, "known")
    store.put([known], at=NOW)
    looked_first = store.look(["1", "known"])
    new = []
    for number, (second, document, is_stale) in enumerate(history):
        one = told(document, greatest={"seen": second}, added={"who": [second]}, on_insert={"first": number})
        new += store.put([one, known], at=NOW + second * SECOND, known=looked_first if is_stale else None)

    stored = mongo_db["X_tweets"].find_one({"_id": "1"}) or {}
    seconds = [second for second, _, _ in history]
    assert new == ["1"]
    assert {name: stored[name] for name in ("x", "y", "raw") if name in stored} == by_rule(history)
    assert stored["described_at"] == NOW + max(seconds) * SECOND
    assert (stored["first"], stored["seen"], set(stored["who"])) == (0, max(seconds), set(seconds))
    assert len(stored["who"]) == len(set(seconds))


@pytest.mark.parametrize("gone_second", [1, 3])
def test_what_was_marked_after_the_look_stays_until_a_later_answer(mongo_db: Db, gone_second: int) -> None:
    """A mark that came between the look and the write is kept where it is later than the answer, taken away else."""
    store = described(mongo_db)
    store.put([told({"x": 1})], at=NOW)
    known = store.look(["1"])
    mongo_db["X_tweets"].update_one({"_id": "1"}, {"$set": {"gone": {"at": NOW + gone_second * SECOND}}})

    store.put([told({"x": 2})], at=NOW + 2 * SECOND, known=known)

    stored = mongo_db["X_tweets"].find_one({"_id": "1"}) or {}
    assert stored["x"] == 2
    assert ("gone" in stored) is (gone_second == 3)


def test_a_part_that_is_no_object_is_replaced(mongo_db: Db) -> None:
    """As a document from elsewhere may have it."""
    mongo_db["X_tweets"].insert_one({"_id": "1", "raw": None, "described_at": NOW})

    described(mongo_db).put([told({"raw": {"a": 1}}), told({"x": 1}, "2")], at=NOW + SECOND)

    stored = {one["_id"]: one for one in mongo_db["X_tweets"].find()}
    assert stored["1"]["raw"] == {"a": 1}
    assert stored["2"]["x"] == 1


def test_writers_that_all_took_it_for_new_leave_one(mongo_db: Db) -> None:
    """Eight at once, each with an answer of another time: the object is new to one, and the last answer stands."""
    store = described(mongo_db)

    new = at_once(8, lambda n: store.put([told({"x": n, f"y{n}": n})], at=NOW + n * SECOND, known={}))

    stored = mongo_db["X_tweets"].find_one({"_id": "1"}) or {}
    assert sum(len(one) for one in new) == 1
    assert (stored["x"], stored["described_at"]) == (7, NOW + 7 * SECOND)
    assert {name for name in stored if name.startswith("y")} == {f"y{n}" for n in range(8)}


def test_a_page_is_a_look_and_a_write(counted: Stores, commands: CommandCount) -> None:
    """Known objects are not written one by one, and nothing twice."""
    store = described(counted.db)
    page = [told({"x": 1}, str(number)) for number in range(100)]

    assert commands.during(lambda: store.put(page, at=NOW)) == ["find", "insert"]
    assert commands.during(lambda: store.put(page, at=NOW + SECOND)) == ["find", "update"]
    assert commands.during(lambda: store.put(page, at=NOW)) == ["find", "update"]
    assert commands.during(lambda: store.put([], at=NOW)) == []


@pytest.mark.parametrize(("in_one", "sent"), [(False, ["find", "insert", "update"]), (True, ["find", "update"])])
def test_what_is_new_can_go_along_with_what_is_known(
    counted: Stores, commands: CommandCount, in_one: bool, sent: list[str]
) -> None:
    """One command less, and the same documents; only the new ones are said to be new."""
    store = described(counted.db, in_one=in_one)
    page = [told({"x": 1, "raw": {"a": 1}}, str(n), on_insert={"first": 1}, added={"who": [1]}) for n in range(10)]
    store.put(page[:5], at=NOW)

    new: set[str] = set()
    assert commands.during(lambda: new.update(store.put(page, at=NOW + SECOND))) == sent

    assert new == {"5", "6", "7", "8", "9"}
    stored = {"x": 1, "raw": {"a": 1}, "first": 1, "who": [1], "described_at": NOW + SECOND}
    assert list(counted.db["X_tweets"].find({}, {"_id": 0})) == [stored] * 10
