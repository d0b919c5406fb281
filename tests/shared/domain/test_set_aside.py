"""What a document can hold, by the word of MongoDB itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.database import Database

from shared.domain.set_aside import KEPT_CHARACTERS, Kind, Reason, as_text, fits_document, measure, set_aside

names = st.text(max_size=6) | st.sampled_from(["$set", "a.b", "a\0", "", "id"])
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=9,
)


def deep(levels: int) -> Any:
    """Lists within lists."""
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=values)
def test_what_fits_is_held_as_it_is(mongo_db: Database[dict[str, Any]], value: Any) -> None:
    """Written under a name of its own it comes back the same; texts that no UTF-8 can hold never come out of JSON."""
    if not fits_document(value) or "\\ud" in json.dumps(value):
        return

    mongo_db["kept"].replace_one({"_id": 1}, {"raw": value}, upsert=True)

    assert (mongo_db["kept"].find_one({"_id": 1}) or {})["raw"] == value


@pytest.mark.parametrize(("levels", "fits"), [(80, True), (81, False), (5_000, False)])
def test_depth_has_an_end_and_no_recursion(mongo_db: Database[dict[str, Any]], levels: int, fits: bool) -> None:
    """As deep as fits, MongoDB takes it a few levels down in a document."""
    assert fits_document(deep(levels)) is fits
    if fits:
        mongo_db["kept"].insert_one({"a": {"b": deep(levels)}})


def test_texts_and_names_are_measured() -> None:
    """All of them, wherever they stand."""
    assert measure({"ab": ["cd", {"e": "fgh"}], "i": 12345}) == (True, 2 + 2 + 1 + 3 + 1)


def test_an_object_that_is_like_one_before_is_measured_as_that_was() -> None:
    """What is remembered of names tells nothing of the values, and an odd name among plain ones is found each time."""
    plain, odd = {"one": "ab", "other": 2}, {"one": "ab", "an.other": 2}

    for _ in range(2):
        assert [measure(plain), measure(odd)] == [(True, 3 + 5 + 2), (False, 3 + 8 + 2)]
    assert measure({"one": "abc", "other": 2**63}) == (False, 3 + 5 + 3)


@pytest.mark.parametrize(
    ("value", "object_id"),
    [
        ({"id": "7"}, "7"),
        ({"id": 7}, "7"),
        ({"id": True}, None),
        ({}, None),
        (None, None),
        ({"id": "x" * 99}, "x" * 64),
    ],
)
def test_its_id_is_kept_as_far_as_it_can_be_read(value: Any, object_id: str | None) -> None:
    """Cut where it is endless; a medium's is its key."""
    aside = set_aside(value, kind=Kind.POST, reason=Reason.NO_KEY, endpoint="e")

    assert (aside.object_id, aside.text) == (object_id, as_text(value))
    medium = {"media_key": "3_1", "id": "9"}
    assert set_aside(medium, kind=Kind.MEDIA, reason=Reason.TOO_LARGE, endpoint="e").object_id == "3_1"


def test_only_its_beginning_is_kept() -> None:
    """However large it is."""
    aside = set_aside({"id": "1", "text": "x" * 10**6}, kind=Kind.POST, reason=Reason.TOO_LARGE, endpoint="e")

    assert len(aside.text) == KEPT_CHARACTERS
