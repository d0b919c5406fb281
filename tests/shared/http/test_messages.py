"""Messages to addresses that strangers named, on real sockets."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlsplit

import pytest
import requests
from pydantic import SecretStr

from shared.http.adapter import BoundedAdapter
from shared.http.exchange import exchange
from shared.http.messages import NOT_PUBLIC, Answer, MessageSender
from tests.shared.http.receiver import HUSH, KEY, SECRET, Receiver, receiving

AT = datetime(2026, 11, 28, 12, 0, 5, tzinfo=UTC)
OTHER = bytes(range(32, 64))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who takes webhooks."""
    with receiving() as running:
        yield running


def send(url: str, *, private: bool = True, seconds: float = 5.0, secrets: tuple[str, ...] = (SECRET,)) -> Answer:
    """Send one message."""
    sender = MessageSender(public_only=not private, total_seconds=seconds)
    return sender.send(SecretStr(url), [SecretStr(one) for one in secrets], "{}", message_id="msg_1", at=AT)


def test_while_a_secret_is_replaced_both_sign(receiver: Receiver) -> None:
    """Signatures stand side by side, so that who knows either of them can check."""
    other = f"whsec_{base64.b64encode(OTHER).decode()}"
    assert send(receiver.url, secrets=(other, SECRET)).is_taken
    (taken,) = receiver.taken
    assert taken.signatures() == [taken.signature_by(OTHER), taken.signature_by(KEY)]


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "2130706433", "0x7f.1", "127.1", "0", "[::ffff:127.0.0.1]"]
)
def test_a_name_that_leads_to_this_machine_is_not_connected_to(receiver: Receiver, host: str) -> None:
    """What counts is the address that the name resolves to, however it is written; nothing reaches the listener."""
    port = urlsplit(receiver.url).port
    answer = send(f"http://{host}:{port}/{HUSH}", private=False)
    assert (answer.status, answer.is_taken) == (None, False)
    assert answer.error == NOT_PUBLIC
    assert receiver.taken == []


def test_a_pool_for_the_open_internet_is_one_for_each_scheme(receiver: Receiver) -> None:
    """Over https it refuses as over http, and says so to whoever looks."""
    request = requests.Request("GET", receiver.url.replace("http://", "https://")).prepare()
    with exchange(5) as current, pytest.raises(requests.exceptions.ConnectionError):
        BoundedAdapter(public_only=True).send(request, timeout=2)
    assert current.is_refused
    assert not current.is_sent


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_a_failure(receiver: Receiver, status: int) -> None:
    """It is not followed: it could lead anywhere."""
    with receiving() as other:
        receiver.answer, receiver.location = lambda taken: status, other.url
        answer = send(receiver.url)
        assert (answer.status, answer.is_taken, answer.why) == (status, False, f"answered {status}")
        assert other.taken == []


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("120", 120.0),
        (format_datetime(AT + timedelta(minutes=5), usegmt=True), 300.0),
        (format_datetime(AT - timedelta(minutes=5), usegmt=True), 0.0),
        ("soon", None),
        ("-1", None),
        ("9" * 30, None),
        (None, None),
    ],
)
def test_how_long_to_wait_is_read(receiver: Receiver, told: str | None, seconds: float | None) -> None:
    """Seconds or a date; what is neither is passed over."""
    receiver.answer, receiver.retry_after = lambda taken: 503, told
    assert send(receiver.url).retry_after_seconds == seconds


def test_who_does_not_answer_is_waited_for_no_longer_than_said(receiver: Receiver) -> None:
    """The failure is told in a word, without the path; nobody listening is another one."""
    receiver.answer = lambda taken: int(receiver.end.wait(10)) and 0
    begun = time.monotonic()
    answer = send(receiver.url, seconds=0.4)
    assert answer.status is None
    assert time.monotonic() - begun < 5
    assert HUSH not in repr(answer)
    assert send(f"http://127.0.0.1:1/{HUSH}").error == "ConnectionError"
