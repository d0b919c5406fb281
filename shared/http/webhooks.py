"""Sends webhooks, signed by the Standard Webhooks convention (standardwebhooks.com).

To one address, which its operator set: over https, without redirects, cookies or credentials, within a time. What the
other side says beside its status is not read. Errors are classed by the status, and name the host and nothing else of
the address. Invariant: neither the secret nor the path of the address is in an error, a log line or a `repr`.
"""

from __future__ import annotations

from datetime import datetime
from http.client import HTTPException
from urllib.parse import urlsplit

import requests
import urllib3
from pydantic import SecretStr
from standardwebhooks import Webhook

from shared.domain.errors import InputError, PassingFault, Permanent
from shared.domain.webhooks import check_webhook_secret
from shared.http.adapter import BoundedAdapter
from shared.http.exchange import exchange

CONNECT_TIMEOUT_SECONDS = 5.0
# Standard Webhooks, "Operational considerations": 15 to 30 s for an answer.
TOTAL_SECONDS = 15.0
GONE = 410
# What may be otherwise the next time, beside 5xx: too late, too early, too many.
PASSING = frozenset({408, 425, 429})


class WebhookUnavailable(PassingFault):
    """Nobody answered in time, or with 408, 425, 429 or 5xx."""


class WebhookRefused(Permanent):
    """It was answered with another status: the same again would be as well."""


class WebhookGone(WebhookRefused):
    """410: nothing more is wanted there."""


class WebhookSender:
    """One address and the secret that signs. One connection pool, shared by threads."""

    def __init__(self, url: SecretStr, secret: SecretStr | None, *, total_seconds: float = TOTAL_SECONDS) -> None:
        """Raises InputError for a secret that is none; without one nothing can be sent."""
        self._url = url
        self._total_seconds = total_seconds
        self._signer = None if secret is None else _signer(secret)
        self._adapter = BoundedAdapter()

    @classmethod
    def to(cls, url: SecretStr | None, secret: SecretStr | None) -> WebhookSender | None:
        """A sender, None where there is no address. Raises InputError as above."""
        return None if url is None else cls(url, secret)

    @property
    def address(self) -> str:
        """The address, to compare it; never to show it."""
        return self._url.get_secret_value()

    @property
    def host(self) -> str:
        """What of the address may be shown."""
        return urlsplit(self.address).hostname or ""

    def send(self, body: str, *, message_id: str, at: datetime) -> None:
        """Send a body of JSON. message_id: the same for every try.

        Raises WebhookUnavailable, WebhookRefused or WebhookGone, and InputError where there is no secret.
        """
        request = requests.Request(
            "POST", self.address, data=body.encode(), headers=self._headers(body, message_id, at)
        ).prepare()
        times = (CONNECT_TIMEOUT_SECONDS, self._total_seconds)
        try:
            with exchange(self._total_seconds), self._adapter.send(request, stream=True, timeout=times) as response:
                status = response.status_code
        # Without the cause: it holds the path of the address.
        except (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
            raise WebhookUnavailable(f"{self.host}: {type(error).__name__}") from None
        self._check(status)

    def _headers(self, body: str, message_id: str, at: datetime) -> dict[str, str]:
        if self._signer is None:
            raise InputError("COVEY_ALERT_WEBHOOK_SECRET is not set: webhooks are signed with it")
        return {
            "content-type": "application/json",
            "user-agent": "covey",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._signer.sign(message_id, at, body),
        }

    def _check(self, status: int) -> None:
        if 200 <= status < 300:
            return
        kind = WebhookGone if status == GONE else WebhookRefused
        raise (WebhookUnavailable if status in PASSING or status >= 500 else kind)(f"{self.host} answered {status}")


def _signer(secret: SecretStr) -> Webhook:
    try:
        check_webhook_secret(secret.get_secret_value())
    except InputError as error:
        raise InputError(f"COVEY_ALERT_WEBHOOK_SECRET {error}") from None
    return Webhook(secret.get_secret_value())
