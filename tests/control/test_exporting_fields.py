"""Rows of stored documents, with what X and older versions have left in them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from control.exporting_fields import KINDS, chosen, flat, mapper
from shared.domain.errors import InputError


def test_odd_values_become_what_a_column_holds() -> None:
    """A count that is no number, or too big for one, is not known; a part that is no object has nothing in it."""
    row = mapper(chosen(KINDS["posts"], "id,like_count,reply_count,quote_count,entities,created_at"))

    document = {"_id": "1", "public_metrics": {"like_count": "many", "reply_count": 2**70, "quote_count": 4.0}}
    assert row(document) == {
        "id": "1",
        "like_count": None,
        "reply_count": None,
        "quote_count": 4,
        "entities": None,
        "created_at": None,
    }
    assert row({"_id": "2", "public_metrics": [1]})["like_count"] is None


def test_nested_values_are_json_text_where_a_format_has_none() -> None:
    """Times in them are ISO 8601; other values stay as they are."""
    row = mapper(chosen(KINDS["posts"], "id,gone"))
    document = {"_id": "1", "gone": {"reason": "deleted", "at": datetime(2026, 5, 1, tzinfo=UTC)}}

    assert flat(row(document)) == {"id": "1", "gone": '{"reason":"deleted","at":"2026-05-01T00:00:00.000Z"}'}


def test_fields_come_in_the_order_asked_for_each_once() -> None:
    """Raw objects come only where they are asked for; no field at all is refused."""
    assert [field.name for field in chosen(KINDS["users"], "name, id,name")] == ["name", "id"]
    assert "raw" not in {field.name for field in chosen(KINDS["users"], None)}
    assert [field.name for field in chosen(KINDS["users"], "raw")] == ["raw"]
    with pytest.raises(InputError, match="names none"):
        chosen(KINDS["users"], ",")
