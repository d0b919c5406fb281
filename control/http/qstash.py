"""Requests that QStash (Upstash) signed, where a token is asked of others: for one route alone.

Upstash-Signature is a JWT (HS256) by the current signing key or the next one. It counts for the exact address that was
called, for the body whose hash it has, for the minutes from `nbf` to `exp`, and once. Closed unless a key is set.
https://upstash.com/docs/qstash/howto/signature
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import jwt

from control.http.problems import Kind, Problem
from shared.domain.access import Actor, ActorKind, Scope
from shared.domain.sources import DEFAULT_TENANT
from shared.runtime.clock import Clock
from shared.runtime.log import get_logger
from shared.runtime.settings import Settings
from shared.stores.idempotency import IdempotencyStore

log = get_logger(__name__)

HEADER: Final = "upstash-signature"
MESSAGE: Final = "upstash-message-id"
# The one thing that may be asked for so.
ROUTE: Final = ("POST", "/v1/engagement/update")
LEEWAY: Final = timedelta(seconds=5)
_REQUIRED: Final = ("iss", "sub", "exp", "nbf", "jti", "body")
_ACTOR: Final = Actor(
    kind=ActorKind.QSTASH, id="qstash", name="QStash", tenant=DEFAULT_TENANT, scopes=frozenset({Scope.RUNS})
)


@dataclass(frozen=True, slots=True)
class Signed:
    """Who asks, and the key under which it is carried out once: a message that is delivered again has the same."""

    actor: Actor
    key: str


class QStash:
    """Knows its signatures."""

    def __init__(self, settings: Settings, used: IdempotencyStore, clock: Clock) -> None:
        keys = (settings.qstash_current_signing_key, settings.qstash_next_signing_key)
        self._keys = [key.get_secret_value() for key in keys if key is not None]
        self._url = (settings.public_url or "").rstrip("/")
        self._used = used
        self._clock = clock

    def accepts(self, method: str, path: str, headers: dict[str, str]) -> bool:
        """Whether this is a request that QStash may have signed, and that anybody would look at."""
        return bool(self._keys and self._url) and (method, path) == ROUTE and HEADER in headers

    def signed(self, path: str, query: str, headers: dict[str, str], body: bytes) -> Signed:
        """Who asks. Raises Problem for a signature that does not hold, or was used already."""
        claims = self._claims(headers[HEADER], f"{self._url}{path}{f'?{query}' if query else ''}")
        told = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode().rstrip("=")
        if not hmac.compare_digest(str(claims["body"]).rstrip("=").encode(), told.encode()):
            raise _refused("the body is another one")
        jti = str(claims["jti"])[:200]
        replay = f"qstash|{jti}"
        if self._used.claim(replay, digest=told, now=self._clock.now()) is not None:
            raise _refused("the signature was used already")
        self._used.store(replay, status=0, headers={}, body=b"")
        return Signed(_ACTOR, f"{_ACTOR.tenant}|qstash|{headers.get(MESSAGE, jti)[:200]}")

    def _claims(self, token: str, url: str) -> dict[str, Any]:
        reason = ""
        for key in self._keys:
            try:
                return dict(
                    jwt.decode(
                        token,
                        key,
                        algorithms=["HS256"],
                        issuer="Upstash",
                        subject=url,
                        leeway=LEEWAY,
                        options={"require": list(_REQUIRED)},
                    )
                )
            except jwt.InvalidSignatureError as error:
                reason = reason or str(error)
            except jwt.PyJWTError as error:
                reason = str(error)
        raise _refused(reason)


def _refused(reason: str) -> Problem:
    log.warning("a signature of QStash was refused", reason=reason)
    return Problem(Kind.UNAUTHENTICATED, "the signature does not hold for this request, or was used already")
