"""From bytes to JSON, whatever the bytes are."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import NoAnswer
from shared.platforms.x.body import identifier, json_value


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"data": [', b"\xff\xfe", b"[" * 100_000, b'{"a": ' + b"1" * 5000])
def test_what_is_no_json_is_no_answer(body: bytes) -> None:
    """Cut, foreign or hostile bytes end in the one error that is tried again."""
    with pytest.raises(NoAnswer, match="search/recent"):
        json_value("search/recent", body)


@given(st.binary())
def test_any_bytes_are_a_value_or_no_answer(body: bytes) -> None:
    """Nothing else ever comes out."""
    with contextlib.suppress(NoAnswer):
        json_value("search/recent", body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (rb'{"text": "a\ud83d"}', {"text": "a\ufffd"}),
        (rb'{"text": ["\udc00b"]}', {"text": ["\ufffdb"]}),
        (rb'{"text": "\ud83d\ude00"}', {"text": "\U0001f600"}),
    ],
)
def test_texts_can_always_be_stored(body: bytes, expected: object) -> None:
    """Half a surrogate pair, which MongoDB refuses, is replaced; a whole one is kept."""
    assert json_value("tweets", body) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("123", 123),
        (123, 123),
        (str(2**63 + 1), 2**63 + 1),
        (True, None),
        (1.0, None),
        ("-1", None),
        ("", None),
        (None, None),
    ],
)
def test_ids_are_digits_or_whole_numbers(value: object, expected: int | None) -> None:
    """Ids past 2^63 are read; what is no id is none."""
    assert identifier(value) == expected
