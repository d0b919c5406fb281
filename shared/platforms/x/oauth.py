"""OAuth 2.0 with PKCE: the address where a person lets the app in, and the endpoint that issues tokens.

Owns the form of these requests and what X's answers to them mean. It must not store a token, retry, or decide what
becomes of a credential. Invariant: what is sent enters a request only while it is signed, so no frame, message or error
holds it, also when X quotes it.

Unlike a read, issuing tokens has no window and no price that X publishes, so it takes no grant of the limiter.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus, urlencode, urlsplit

from pydantic import SecretStr
from requests import PreparedRequest
from requests.auth import AuthBase

from shared.domain.errors import CoveyError, InputError, NoAnswer, Unauthorized
from shared.domain.models import JsonObject, RateHeaders
from shared.http.adapter import BoundedAdapter
from shared.platforms.route import Route
from shared.platforms.transport import HttpTransport, RawAnswer, Timeouts
from shared.platforms.x.body import json_value, text
from shared.platforms.x.error_map import error_for, problem_of
from shared.platforms.x.headers import rate_headers
from shared.runtime.clock import Clock, SystemClock, epoch_seconds

KEY = "oauth2/token"
PATH = "/2/oauth2/token"
# A renewal holds back every call of its credential, so it is given up sooner than a read.
TIMEOUTS = Timeouts(connect_seconds=5.0, read_seconds=10.0, total_seconds=15.0, max_body_bytes=64 * 1024)
_RESOLVER_SECONDS = 10.0
HIDDEN = "***"

# What X says of a refresh token or a code that was used, taken back, too old or never issued.
_NOT_TAKEN = re.compile(r"value passed for the (?:token|authorization code) was invalid", re.IGNORECASE)
_MAX_WORDS = 300
# Shorter ones would take words of the protocol along.
_SHORTEST_SECRET = 8


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """The app as OAuth 2.0 knows it. A public client has no secret."""

    id: str
    secret: SecretStr | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """What X issued. lifetime_seconds None: X did not say. refresh None: X gave none, so an old one stays good."""

    access: SecretStr = field(repr=False)
    refresh: SecretStr | None = field(repr=False)
    lifetime_seconds: float | None
    scopes: tuple[str, ...]


class TokenRefused(Unauthorized):
    """X does not take the refresh token or the code: it was used, taken back, or is too old."""


class TokenEndpoint:
    """The endpoint that issues tokens.

    base_url: of X or of the simulator. route: the way there. adapter: the transport seam. clock: as of XClient.

    All methods raise TokenRefused; Unauthorized where X refuses the app or the request itself; NoAnswer, after which
    nobody knows whether the token was used; ServerFault and Throttled, after which it was not.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeouts: Timeouts = TIMEOUTS,
        route: Route | None = None,
        adapter: BoundedAdapter | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._url = base_url.rstrip("/") + PATH
        self._transport = HttpTransport(timeouts, route=route, adapter=adapter, pool_size=1)
        # The look-up of its name has no bound of ours; a resolver answers or gives up within ten seconds.
        self.longest_call_seconds = timeouts.total_seconds + _RESOLVER_SECONDS

    def exchange(self, client: OAuthClient, *, code: SecretStr, verifier: SecretStr, redirect_uri: str) -> IssuedTokens:
        """The tokens of an account that has just let the app in. A code is good for 30 seconds, once."""
        plain = {"grant_type": "authorization_code", "redirect_uri": redirect_uri}
        return self._ask(_TokenRequest(client, plain, {"code": code, "code_verifier": verifier}))

    def refresh(self, client: OAuthClient, refresh_token: SecretStr) -> IssuedTokens:
        """New tokens for old. The refresh token is good once: whatever comes back must be stored before it is used."""
        return self._ask(_TokenRequest(client, {"grant_type": "refresh_token"}, {"refresh_token": refresh_token}))

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    def _ask(self, request: _TokenRequest) -> IssuedTokens:
        found = _read(self._transport.post(KEY, self._url, request), request.secrets, epoch_seconds(self._clock.now()))
        if isinstance(found, CoveyError):
            raise found
        return found


class _TokenRequest(AuthBase):
    """Puts a form on a request, and the proof that the app sent it."""

    def __init__(self, client: OAuthClient, plain: Mapping[str, str], secret: Mapping[str, SecretStr]) -> None:
        self._client = client
        self._plain = plain
        self._secret = secret
        self.secrets = (*secret.values(), *([client.secret] if client.secret else []))

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """A confidential client shows its secret as HTTP Basic (RFC 6749, 2.3.1), a public one only its id."""
        form = {**self._plain, **{name: value.get_secret_value() for name, value in self._secret.items()}}
        if self._client.secret is None:
            form["client_id"] = self._client.id
        else:
            pair = f"{quote_plus(self._client.id)}:{quote_plus(self._client.secret.get_secret_value())}"
            request.headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        request.prepare_body(data=form, files=None)
        return request

    def __repr__(self) -> str:
        """The class only."""
        return "_TokenRequest(**)"


def challenge_of(verifier: SecretStr) -> str:
    """The S256 challenge of a verifier (RFC 7636, 4.2)."""
    digest = hashlib.sha256(verifier.get_secret_value().encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def authorize_url(
    base: str, *, client_id: str, redirect_uri: str, scopes: Sequence[str], state: str, challenge: str
) -> str:
    """The address at which a person lets the app in. Raises InputError for a base that is no web address."""
    parts = urlsplit(base)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InputError(f"COVEY_X_AUTHORIZE_URL: {base!r} is not a web address")
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(scopes),
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{base}{'&' if parts.query else '?'}{urlencode(asked, quote_via=quote)}"


def _read(raw: RawAnswer, secrets: Sequence[SecretStr], now_seconds: float) -> IssuedTokens | CoveyError:
    """What an answer means. Raises nothing: its frame holds the body."""
    if raw.status != 200:
        return _refusal(raw.status, rate_headers(raw.headers, now_seconds), _without(secrets, raw.body))
    found = _issued(raw.body)
    return NoAnswer(KEY, f"status 200 without tokens ({len(raw.body)} bytes)") if found is None else found


def _issued(body: bytes) -> IssuedTokens | None:
    """The tokens in a body, None where there are none. Raises nothing."""
    found = _object(body)
    access, refresh = _token(found.get("access_token")), _token(found.get("refresh_token"))
    if access is None or str(found.get("token_type", "bearer")).lower() != "bearer":
        return None
    lifetime: Any = found.get("expires_in")
    is_number = isinstance(lifetime, int | float) and not isinstance(lifetime, bool) and 0 < lifetime < 1e9
    scopes = tuple((text(found.get("scope")) or "").split())
    return IssuedTokens(access, refresh, float(lifetime) if is_number else None, scopes)


def _token(value: Any) -> SecretStr | None:
    is_token = isinstance(value, str) and value and value.isascii() and value.isprintable() and " " not in value
    return SecretStr(value) if is_token else None


def _refusal(status: int, rate: RateHeaders, body: bytes) -> CoveyError:
    """The error of an answer that is not 200; secrets have been cut out of the body."""
    if status not in {400, 401, 403}:
        return error_for(KEY, status, rate, body)
    problem = problem_of(body) or {}
    code = (text(problem.get("error")) or text(problem.get("title")) or f"status {status}")[:_MAX_WORDS]
    words = " ".join((text(problem.get("error_description")) or text(problem.get("detail")) or "").split())
    said = f"X answered {status} {code}: {words[:_MAX_WORDS]}".rstrip(": ")
    if status == 400 and (code == "invalid_grant" or _NOT_TAKEN.search(words)):
        return TokenRefused(KEY, said, reason=code)
    return Unauthorized(KEY, said, reason=code)


def _object(body: bytes) -> JsonObject:
    """The JSON object of a body, empty where it is none."""
    try:
        found = json_value(KEY, body)
    except NoAnswer:
        return {}
    return found if isinstance(found, dict) else {}


def _without(secrets: Sequence[SecretStr], body: bytes) -> bytes:
    """The JSON object of a body with every secret cut out, however it is written there; nothing where it is none."""
    found = _object(body)
    said = json.dumps(found, ensure_ascii=False) if found else ""
    for secret in secrets:
        value = secret.get_secret_value()
        for written in (value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1]):
            if len(written) >= _SHORTEST_SECRET:
                said = said.replace(written, HIDDEN)
    return said.encode()
