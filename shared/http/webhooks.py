"""Sends webhooks, signed by the Standard Webhooks convention (standardwebhooks.com).

To one address, which its operator set: over https, without redirects, cookies or credentials, within a time. What the
other side says beside its status is not read. Errors are classed by the status, and name the host and nothing else of
the address. Invariant: neither the secret nor the path of the address is in an error, a log line or a `repr`.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from pydantic import SecretStr

from shared.domain.errors import InputError, PassingFault, Permanent
from shared.domain.webhooks import check_webhook_secret
from shared.http.adapter import BoundedAdapter
from shared.http.messages import TOTAL_SECONDS, headers, post

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
        self._secret = None if secret is None else _checked(secret)
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
        if self._secret is None:
            raise InputError("COVEY_ALERT_WEBHOOK_SECRET is not set: webhooks are signed with it")
        signed = headers([self._secret], body, message_id=message_id, at=at)
        answer = post(self._adapter, self._url, body, signed, seconds=self._total_seconds, at=at)
        if answer.status is None:
            raise WebhookUnavailable(f"{self.host}: {answer.error}")
        self._check(answer.status)

    def _check(self, status: int) -> None:
        if 200 <= status < 300:
            return
        kind = WebhookGone if status == GONE else WebhookRefused
        raise (WebhookUnavailable if status in PASSING or status >= 500 else kind)(f"{self.host} answered {status}")


def _checked(secret: SecretStr) -> SecretStr:
    try:
        check_webhook_secret(secret.get_secret_value())
    except InputError as error:
        raise InputError(f"COVEY_ALERT_WEBHOOK_SECRET {error}") from None
    return secret
