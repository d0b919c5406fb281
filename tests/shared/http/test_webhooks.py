"""Webhooks, sent to a real server."""

from __future__ import annotations

import base64
import time
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from shared.domain.errors import InputError, PassingFault, Permanent
from shared.http.webhooks import WebhookGone, WebhookRefused, WebhookSender, WebhookUnavailable
from tests.shared.http.receiver import HUSH, KEY, SECRET, Receiver, receiving

AT = datetime(2026, 11, 28, 12, 0, 5, 600_000, tzinfo=UTC)
BODY = '{"type":"engagement.surge","data":{"name":"Größe"}}'


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who takes webhooks."""
    with receiving() as running:
        yield running


def sender(receiver: Receiver, *, total_seconds: float = 5.0) -> WebhookSender:
    """A sender to the receiver."""
    return WebhookSender(SecretStr(receiver.url), SecretStr(SECRET), total_seconds=total_seconds)


def test_a_webhook_is_signed(receiver: Receiver) -> None:
    """Id, second and body are what was signed, with the bytes of the secret; another key does not fit."""
    sender(receiver).send(BODY, message_id="1:2026-11-28", at=AT)

    (taken,) = receiver.taken
    assert (taken.path, taken.body) == (f"/{HUSH}", BODY.encode())
    assert taken.headers["webhook-id"] == "1:2026-11-28"
    assert taken.headers["webhook-timestamp"] == "1795867205"
    assert taken.headers["content-type"] == "application/json"
    assert taken.is_signed()
    assert not taken.is_signed(KEY[::-1])


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_delivered(receiver: Receiver, status: int) -> None:
    """Nothing is raised."""
    receiver.answer = lambda taken: status

    sender(receiver).send(BODY, message_id="m", at=AT)

    assert len(receiver.taken) == 1


@pytest.mark.parametrize(
    ("status", "kind", "base"),
    [
        *((status, WebhookUnavailable, PassingFault) for status in (408, 425, 429, 500, 502, 503, 504)),
        *((status, WebhookRefused, Permanent) for status in (301, 302, 307, 400, 401, 403, 404, 413)),
        (410, WebhookGone, Permanent),
    ],
)
def test_a_status_says_what_becomes_of_it(
    receiver: Receiver, status: int, kind: type[Exception], base: type[Exception]
) -> None:
    """Some pass, 410 ends it, all others are final; the error has the host, the status, and no path."""
    receiver.answer = lambda taken: status

    with pytest.raises(base) as caught:
        sender(receiver).send(BODY, message_id="m", at=AT)

    assert type(caught.value) is kind
    assert str(caught.value) == f"127.0.0.1 answered {status}"


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    """Who may be told is the operator's to say, not the receiver's."""
    with receiving() as other:
        receiver.answer, receiver.location = lambda taken: 307, other.url

        with pytest.raises(WebhookRefused):
            sender(receiver).send(BODY, message_id="m", at=AT)

        assert other.taken == []


def test_an_answer_that_never_comes_is_waited_for_no_longer_than_said(receiver: Receiver) -> None:
    """The whole has a time by the wall; then it may be tried again."""
    receiver.answer = lambda taken: int(receiver.end.wait(10)) and 0
    begun = time.monotonic()

    with pytest.raises(WebhookUnavailable, match=r"127\.0\.0\.1: "):
        sender(receiver, total_seconds=0.4).send(BODY, message_id="m", at=AT)

    assert 0.3 < time.monotonic() - begun < 3


def test_nothing_secret_is_in_what_is_raised(receiver: Receiver) -> None:
    """Nobody listens, or the connection is cut: neither path nor secret is in the whole traceback."""
    receiver.answer = lambda taken: 0
    cut = sender(receiver)
    nobody = WebhookSender(SecretStr(f"http://127.0.0.1:1/{HUSH}"), SecretStr(SECRET))
    for one in (cut, nobody):
        with pytest.raises(WebhookUnavailable) as caught:
            one.send(BODY, message_id="m", at=AT)

        told = "".join(traceback.format_exception(caught.value)) + repr(one) + repr(vars(one))
        assert HUSH not in told
        assert SECRET.removeprefix("whsec_") not in told


def test_without_a_secret_nothing_is_sent(receiver: Receiver) -> None:
    """The setting that is missing is named."""
    with pytest.raises(InputError, match="COVEY_ALERT_WEBHOOK_SECRET is not set"):
        WebhookSender(SecretStr(receiver.url), None).send(BODY, message_id="m", at=AT)

    assert receiver.taken == []


@pytest.mark.parametrize("secret", ["hunter2", f"whsec_{base64.b64encode(b'hunter2').decode()}", "whsec_hunter2!"])
def test_a_secret_that_is_none_is_refused_at_the_start(secret: str) -> None:
    """One line with the setting, without its value."""
    with pytest.raises(InputError, match="COVEY_ALERT_WEBHOOK_SECRET is not whsec_ and 24 to 64 bytes") as caught:
        WebhookSender.to(SecretStr("https://hooks.example/"), SecretStr(secret))

    assert secret not in str(caught.value)


def test_without_an_address_there_is_no_sender() -> None:
    """A secret alone sends nothing."""
    assert WebhookSender.to(None, SecretStr(SECRET)) is None
