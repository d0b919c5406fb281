"""Posts one message to an address that somebody named, and says what came of it.

Over https, without redirects, cookies or credentials, within a time. What the other side says beside its status and its
Retry-After is not read. Invariant: what is told of a failure names neither the path of the address nor a secret.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Final

import requests
import urllib3
from pydantic import SecretStr
from standardwebhooks import Webhook

from shared.http.adapter import BoundedAdapter
from shared.http.exchange import exchange

CONNECT_TIMEOUT_SECONDS = 5.0
# Standard Webhooks, "Operational considerations": 15 to 30 s for an answer.
TOTAL_SECONDS = 15.0
NOT_PUBLIC: Final = "no public address"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a message. status: None where there was no answer; error says why then, in a word or two.
    retry_after_seconds: how long the other side wants to be left alone, where it says so. ms: how long it took.
    """

    status: int | None
    error: str | None
    retry_after_seconds: float | None
    ms: int

    @property
    def is_taken(self) -> bool:
        """Whether it was taken: 2xx, and nothing else."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def why(self) -> str:
        """What kept it from being taken."""
        return self.error or f"answered {self.status}"


def post(
    adapter: BoundedAdapter, url: SecretStr, body: str, headers: Mapping[str, str], *, seconds: float, at: datetime
) -> Answer:
    """Post JSON once. at: now, for a Retry-After that is a date. Raises nothing that the network does."""
    request = requests.Request("POST", url.get_secret_value(), data=body.encode(), headers=dict(headers)).prepare()
    begun = time.monotonic()
    status, error, after, refused = None, None, None, False
    try:
        with exchange(seconds) as current:
            try:
                with adapter.send(request, stream=True, timeout=(CONNECT_TIMEOUT_SECONDS, seconds)) as response:
                    status, after = response.status_code, _seconds(response.headers.get("Retry-After"), at)
            finally:
                refused = current.is_refused
    # Their words hold the path of the address.
    except (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError) as fault:
        error = NOT_PUBLIC if refused else type(fault).__name__
    return Answer(status, error, after, round((time.monotonic() - begun) * 1000))


def headers(secrets: Sequence[SecretStr], body: str, *, message_id: str, at: datetime) -> dict[str, str]:
    """The headers of the convention, with a signature by each secret. at: of this try, in UTC."""
    signatures = [Webhook(one.get_secret_value()).sign(message_id, at, body) for one in secrets]
    return {
        "content-type": "application/json",
        "user-agent": "covey",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


class MessageSender:
    """Sends signed messages to any address. One pool of connections, shared by threads."""

    def __init__(self, *, public_only: bool = True, total_seconds: float = TOTAL_SECONDS) -> None:
        self._adapter = BoundedAdapter(public_only=public_only)
        self._total_seconds = total_seconds

    def send(self, url: SecretStr, secrets: Sequence[SecretStr], body: str, *, message_id: str, at: datetime) -> Answer:
        """Send a body of JSON once. secrets: whsec_..., each of which signs. message_id: the same for every try."""
        signed = headers(secrets, body, message_id=message_id, at=at)
        return post(self._adapter, url, body, signed, seconds=self._total_seconds, at=at)


def _seconds(told: str | None, at: datetime) -> float | None:
    """A Retry-After: seconds, or a date. None where there is none that can be read."""
    if told is None:
        return None
    if told.isascii() and told.isdecimal() and len(told) <= 9:
        return float(told)
    try:
        return max(0.0, (parsedate_to_datetime(told) - at).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
