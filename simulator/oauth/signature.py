"""Owns OAuth 1.0a: whether a request was signed with the secrets of a known key and token, now, for the first time.

It must not hold secrets of its own. Invariant: a signature opens the API once, within `MAX_AGE_SECONDS` of the
simulator's clock, for the method, URL and query that were signed.

Memory: the nonces of the last `MAX_AGE_SECONDS` on either side.
"""

from collections import deque
from types import SimpleNamespace

from oauthlib.oauth1.rfc5849 import signature, utils  # type: ignore[import-untyped]

from simulator.calls import DEFAULT_PROJECT, Credential
from simulator.oauth.clients import Clients

MAX_AGE_SECONDS = 300


class Signatures:
    """Verifies the signed requests of one simulator."""

    def __init__(self, clients: Clients) -> None:
        """Trust the keys of `clients`."""
        self._clients = clients
        self._seen: set[tuple[str, str]] = set()
        self._order: deque[tuple[int, tuple[str, str]]] = deque()

    def credential_of(self, method: str, url: str, authorization: str, now_ms: int) -> Credential | None:
        """Return the credential of a signed request, or None. `url` is absolute, with its query."""
        try:
            sent = dict(utils.parse_authorization_header(authorization))
            base, _, query = url.partition("?")
            parameters = signature.collect_parameters(query, headers={"Authorization": authorization})
            key, token, nonce = (sent[f"oauth_{name}"] for name in ("consumer_key", "token", "nonce"))
            at_seconds = int(sent["oauth_timestamp"])
        except (ValueError, KeyError):
            return None
        secrets = self._clients.secret_of_key(key), self._clients.secret_of_key(token)
        if None in secrets or sent.get("oauth_signature_method") != "HMAC-SHA1":
            return None
        request = SimpleNamespace(
            params=parameters, uri=base, http_method=method, signature=utils.unescape(sent.get("oauth_signature", ""))
        )
        if not signature.verify_hmac_sha1(request, *secrets) or not self._first(token, nonce, at_seconds, now_ms):
            return None
        project = key.partition("~")[2] or DEFAULT_PROJECT
        owner = token.partition("-")[0]
        user_id = int(owner) if owner.isascii() and owner.isdigit() else None
        return Credential(token, "user", "oauth1", project=project, user_id=user_id)

    def _first(self, token: str, nonce: str, at_seconds: int, now_ms: int) -> bool:
        now_seconds = now_ms // 1000
        while self._order and self._order[0][0] < now_seconds - 2 * MAX_AGE_SECONDS:
            self._seen.discard(self._order.popleft()[1])
        if abs(now_seconds - at_seconds) > MAX_AGE_SECONDS or (token, nonce) in self._seen:
            return False
        self._seen.add((token, nonce))
        self._order.append((now_seconds, (token, nonce)))
        return True
