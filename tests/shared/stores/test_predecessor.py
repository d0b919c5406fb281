"""The predecessor's collections as plain values, from lines and from a real MongoDB."""

from __future__ import annotations

from typing import Any

import pytest
from bson import Decimal128, Int64, ObjectId
from bson.raw_bson import RawBSONDocument

from shared.stores.database import Db
from shared.stores.predecessor import Predecessor, read_line


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b'{"id": "1", "n": 2}', {"id": "1", "n": 2}),
        (b'{"_id": {"$numberLong": "1700000000000000001"}}', {"_id": 1700000000000000001}),
        (b'{"a": {"$numberInt": "4"}, "b": {"$numberDouble": "1.5"}}', {"a": 4, "b": 1.5}),
        (b'{"a": {"$oid": "507f1f77bcf86cd799439011"}}', {"a": "507f1f77bcf86cd799439011"}),
        (b'{"a": {"$date": "2026-05-01T10:00:00.5Z"}}', {"a": "2026-05-01T10:00:00.500000+00:00"}),
        (b'{"a": [{"$date": {"$numberLong": "1000"}}]}', {"a": ["1970-01-01T00:00:01+00:00"]}),
        (b'{"a": "$TSLA"}', {"a": "$TSLA"}),
        (b"[1]", [1]),
    ],
)
def test_a_line_says_what_was_written(line: bytes, value: Any) -> None:
    """Plain JSON, and both modes of extended JSON v2."""
    assert read_line(line) == value


@pytest.mark.parametrize(
    "line", [b"{torn", b'\xff{"$a": 1}', b'{"a": {"$date": "soon"}}', b'{"a": {"$oid": "zz"}}', b'{"a": {"$date": {}}}']
)
def test_a_line_that_is_none_is_one_kind_of_error(line: bytes) -> None:
    """Whatever was wrong with it."""
    with pytest.raises(ValueError, match="no JSON"):
        read_line(line)


def test_documents_that_drivers_stumble_over_stop_no_others(mongo_db: Db) -> None:
    """A time beyond calendars, a text that is no UTF-8, types that JSON lacks, ids of several types: all are read."""
    db = mongo_db
    broken = bytearray(b"\x13\x00\x00\x00\x02_id\x00\x03\x00\x00\x00\xff\xfe\x00\x00")
    broken[0] = len(broken)
    beyond = bytearray(b"\x00\x00\x00\x00\x02_id\x00\x02\x00\x00\x00b\x00\x09at\x00" + b"\xff" * 7 + b"\x7f\x00")
    beyond[0] = len(beyond)
    odd = {"_id": ObjectId("507f1f77bcf86cd799439011"), "n": Int64(5), "d": Decimal128("1.1"), "x": b"\0"}
    db["X_tweets"].insert_many([{"_id": 7}, odd])
    db.get_collection("X_tweets").insert_many([RawBSONDocument(bytes(one)) for one in (broken, beyond)])  # type: ignore[list-item]

    documents = list(Predecessor(db).documents("X_tweets"))

    assert [one["_id"] for one in documents] == [7, "b", "\ufffd\ufffd", "507f1f77bcf86cd799439011"]
    assert documents[3]["n"] == 5
    assert documents[3]["d"] == "1.1"
    assert Predecessor(db).count("X_tweets") == 4
