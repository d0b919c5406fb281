"""Raw bytes become a message, or say why not."""

from __future__ import annotations

import json

import pytest

from shared.broker.delivery import Unreadable, open_delivery, read_message
from shared.broker.fetched import Fetched
from tests.shared.broker.conftest import QUEUE, make_message

BAD_LIFETIMES = ("x", "5", 1.5, 0, -1, True, None, 10**30)


def encoded(**changes: object) -> bytes:
    """A good message with some fields changed."""
    return json.dumps({**make_message().asdict(), "message_id": "a", **changes}).encode()


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        (b"\xff\xfe", "not JSON"),
        (b'{"queue_name":', "not JSON"),
        (b"[]", "TypeError"),
        (b"{}", "args"),
        (encoded(surprise=1), "surprise"),
        (encoded(args=5), "TypeError"),
        (encoded(kwargs=[]), "kwargs"),
        (encoded(options=None), "options"),
        (encoded(actor_name=["x"]), "actor_name"),
        *((encoded(message_timestamp=ms), "message_timestamp") for ms in ("now", -1, 2**54, 1e300, float("nan"))),
        (encoded(message_id="b"), "'b'"),
        (encoded(queue_name="elsewhere"), "elsewhere"),
        (encoded(options={"dedup_key": 5, "dedup_ttl_ms": 1}), "dedup_key"),
        (encoded(options={"dedup_key": "", "dedup_ttl_ms": 1}), "dedup_key"),
        (encoded(options={"dedup_key": "\ud800", "dedup_ttl_ms": 1}), "dedup_key"),
        *((encoded(options={"dedup_key": "k", "dedup_ttl_ms": ms}), "dedup_ttl_ms") for ms in BAD_LIFETIMES),
    ],
)
def test_what_is_no_message_is_refused_with_its_fault(payload: bytes, fault: str) -> None:
    """Every shape that could end a thread or never be settled is caught here, and the fault is named."""
    with pytest.raises(Unreadable, match=fault):
        read_message(payload, id="a", queue=QUEUE)


def test_the_fault_does_not_quote_the_payload() -> None:
    """A payload may hold what must not be logged."""
    with pytest.raises(Unreadable) as caught:
        read_message(b"secret", id="a", queue=QUEUE)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("option", ["eta", "throws"])
def test_what_dramatiq_would_trip_over_is_dropped(option: str) -> None:
    """A message with an eta would be kept in memory by Dramatiq, one that names errors would end a thread."""
    message = read_message(encoded(options={option: "x", "dedup_key": "k", "dedup_ttl_ms": 1}), id="a", queue=QUEUE)

    assert message.options == {"dedup_key": "k", "dedup_ttl_ms": 1}


def test_the_wait_starts_when_the_message_was_due() -> None:
    """The wait is the time from due to fetched by the clock of Redis, plus the time in this process."""
    delivery = open_delivery(Fetched("a", "worker 1700000003500000 1700000001000000", encoded(), 0), QUEUE)

    assert 2.5 <= delivery.wait_seconds() < 3.0
