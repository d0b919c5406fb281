"""What a dead letter keeps of its message, and that it can be stored whatever the message holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.broker import DeadMessage
from shared.services.letter_text import to_letter

MADE_MS, DIED_US = 1_714_564_800_123, 1_714_564_900_000_456
PAYLOAD: dict[str, Any] = {
    "queue_name": "search",
    "actor_name": "search_page",
    "args": [{"version": 1, "sweep_id": "s", "page": 0}],
    "kwargs": {},
    "options": {"correlation_id": "c1", "dedup_key": "search_page:s:0", "attempts": 2, "deferrals": 3},
    "message_id": "m1",
    "message_timestamp": MADE_MS,
}


def dead(payload: bytes | dict[str, Any], reason: str = "BadJob") -> DeadMessage:
    """A message as it lies in the outbox."""
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return DeadMessage("m1", "search", raw, reason, DIED_US)


def with_options(**options: Any) -> dict[str, Any]:
    """The payload with further options."""
    return PAYLOAD | {"options": PAYLOAD["options"] | options}


def test_a_letter_holds_all_that_a_person_needs() -> None:
    """Job, arguments, what it was part of, how often it ran, and when; the id names this death."""
    letter = to_letter(dead(with_options(traceback="Traceback: page", failed_at="2024-05-01T12:00:00+00:00")))

    assert letter == {
        "_id": f"m1-{DIED_US}",
        "queue": "search",
        "reason": "BadJob",
        "died_at": datetime(2024, 5, 1, 12, 1, 40, 456, UTC),
        "job": "search_page",
        "actor_args": PAYLOAD["args"],
        "actor_kwargs": {},
        "message_id": "m1",
        "enqueued_at": datetime(2024, 5, 1, 12, 0, 0, 123000, UTC),
        "traceback": "Traceback: page",
        "failed_at": "2024-05-01T12:00:00+00:00",
        "attempts": 3,
        "deferrals": 3,
        "correlation_id": "c1",
        "options": PAYLOAD["options"],
    }


def test_credentials_are_cut_out_of_every_text() -> None:
    """Of the traceback, of the reason and of what could not be read; arguments stay what a replay needs."""
    secret = "Bearer AAAAAAAAAAAAAAAAAAAAAMLheAAAAAAA0"

    letter = to_letter(dead(with_options(traceback=f"raise X('{secret}')"), reason=f"defect:{secret}"))
    unread = to_letter(dead(f'{{"options": "{secret}"}}'.encode()))

    assert "AAAA" not in json.dumps([letter, unread], default=str)
    assert "Bearer ***" in letter["traceback"]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\x00",
        b"[]",
        b"[" * 100_000,
        b'{"options": {}}',
        PAYLOAD | {"message_id": "other"},
        PAYLOAD | {"queue_name": "media"},
        PAYLOAD | {"actor_name": 5},
        PAYLOAD | {"args": None},
        PAYLOAD | {"options": []},
        PAYLOAD | {"message_timestamp": "now"},
        PAYLOAD | {"message_timestamp": 10**400},
        PAYLOAD | {"message_timestamp": float("nan")},
        PAYLOAD | {"message_timestamp": 1e20},
        PAYLOAD | {"message_timestamp": -1e17},
        with_options(attempts="many"),
        with_options(attempts=None),
        with_options(attempts="9" * 30),
        with_options(attempts=2**63 - 1),
        with_options(attempts=1e300),
        with_options(deferrals="9" * 30),
    ],
    ids=lambda payload: str(payload)[:40],
)
def test_what_cannot_be_read_is_kept_as_text(payload: bytes | dict[str, Any]) -> None:
    """It has no job and no arguments, so it is listed and purged, and never replayed."""
    message = dead(payload, reason="undecodable: not JSON")

    letter = to_letter(message)

    assert (letter["job"], letter["actor_args"], letter["options"]) == (None, None, {})
    assert letter["reason"] == "undecodable: not JSON"
    assert letter["payload"] == message.payload.decode("utf-8", "replace")[:100_000]


@pytest.mark.parametrize(
    "argument",
    [
        2**63,
        -(2**63) - 1,
        "\ud800",
        {"\ud800": 1},
        {"$where": 1},
        {"a\0b": 1},
        "x" * 1_000_000,
        json.loads("[" * 60 + "]" * 60),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_no_document_can_hold_is_kept_as_text(argument: Any) -> None:
    """Such a message is listed like one that cannot be read, beside one that just fits."""
    letter = to_letter(dead(PAYLOAD | {"args": [argument]}))

    assert letter["actor_args"] is None
    assert len(letter["payload"]) <= 100_000
    assert to_letter(dead(PAYLOAD | {"args": [2**63 - 1, -(2**63), "\0", {"a.b": "$"}]}))["actor_args"] is not None


values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.integers(-(2**70), 2**70) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


# What a foreign producer may put where a count or a time is expected.
numbers = (
    st.integers(-(2**70), 2**70) | st.floats() | st.integers(0, 10**40).map(str) | st.sampled_from([2**63 - 1, 1e20])
)


@given(
    args=st.lists(values, max_size=3),
    options=st.dictionaries(st.text(max_size=9), values, max_size=3),
    counts=st.dictionaries(st.sampled_from(["attempts", "deferrals"]), numbers | values),
    made_ms=st.just(MADE_MS) | numbers,
)
def test_every_letter_can_be_stored(
    args: list[Any], options: dict[str, Any], counts: dict[str, Any], made_ms: Any
) -> None:
    """Whatever JSON a message holds, its letter is a document, and one that can be replayed has the very arguments."""
    given_options = options | counts
    message = PAYLOAD | {"args": args, "options": given_options, "message_timestamp": made_ms}

    letter = to_letter(dead(message))

    document = bson.decode(bson.encode(letter))
    if letter["actor_args"] is not None:
        assert json.dumps(document["actor_args"]) == json.dumps(args)
        assert json.dumps(document["options"]) == json.dumps(
            {name: value for name, value in given_options.items() if name not in ("eta", "traceback", "failed_at")}
        )


@given(payload=st.binary(max_size=200))
def test_every_payload_has_a_letter(payload: bytes) -> None:
    """Bytes that are no message make one that can be stored as well."""
    assert bson.encode(to_letter(dead(payload)))
