"""Owns what users have granted: codes, access tokens, and refresh tokens that rotate.

It must not speak HTTP. Invariant: a code and a refresh token work once; whoever uses one a second time ends the
session, for it was stolen or two processes share it.

    authorize -> code --exchange--> session --refresh--> session (a new pair, the old refresh token is used up)
                                       |  a used refresh token, or the code, comes again   -> ended: reused
                                       |  revoke of any of its tokens                      -> ended: revoked
An access token opens the API until it expires (it survives a refresh) or its session ends.

Memory: every code, session and refresh token of a run, some hundred bytes each.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from simulator.calls import DEFAULT_PROJECT, Credential

REFRESHABLE = "offline.access"


class Refused(Exception):
    """The token endpoint says no: `error` and `description` as X words them."""

    def __init__(self, description: str, error: str = "invalid_request") -> None:
        super().__init__(description)
        self.error, self.description = error, description


@dataclass(frozen=True)
class Grant:
    """What a user agreed to."""

    client_id: str
    user_id: int
    scopes: frozenset[str]
    redirect_uri: str
    challenge: str = field(repr=False)


@dataclass
class Session:
    """One user's grant to one client, as long as it lasts; times in ms. `ended` is None, revoked or reused."""

    grant: Grant
    opened_ms: int
    refreshes: int = 0
    access_expires_ms: int = 0
    ended: str | None = None


@dataclass(frozen=True)
class Pair:
    """What the token endpoint hands out; `refresh` is None without `offline.access`."""

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    scopes: frozenset[str]


@dataclass
class _Code:
    grant: Grant
    expires_ms: int
    session: Session | None = None


@dataclass
class _Refresh:
    session: Session
    used: bool = False


class Sessions:
    """All sessions of one simulator; lives in seconds."""

    def __init__(self, access_token_seconds: float, code_seconds: float) -> None:
        self.access_ms, self._code_ms = round(access_token_seconds * 1000), round(code_seconds * 1000)
        self.sessions: list[Session] = []
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, tuple[Session, int]] = {}
        self._refresh: dict[str, _Refresh] = {}

    def authorize(self, grant: Grant, now_ms: int) -> str:
        """Return a code for what a user agreed to."""
        code = _new_token()
        self._codes[code] = _Code(grant, now_ms + self._code_ms)
        return code

    def exchange(self, client_id: str, code: str, redirect_uri: str, verifier: str, now_ms: int) -> Pair:
        """Open a session for a code; raise `Refused` unless all that was agreed at its making is shown again."""
        known = self._codes.get(code)
        if known is None or known.grant.client_id != client_id or now_ms >= known.expires_ms:
            raise Refused("Value passed for the authorization code was invalid.")
        if known.session is not None:
            known.session.ended = known.session.ended or "reused"
            raise Refused("Value passed for the authorization code was invalid.")
        if redirect_uri != known.grant.redirect_uri:
            raise Refused("Value passed for the redirect uri did not match the uri of the authorization code.")
        if not hmac.compare_digest(challenge_of(verifier), known.grant.challenge.encode()):
            raise Refused("Value passed for the code verifier did not match the code challenge.")
        known.session = Session(known.grant, now_ms)
        self.sessions.append(known.session)
        return self._pair(known.session, now_ms)

    def refresh(self, client_id: str, token: str, now_ms: int) -> Pair:
        """Rotate a refresh token; raise `Refused` for one that is not the newest of a living session."""
        known = self._refresh.get(token)
        if known is None or known.session.grant.client_id != client_id:
            raise Refused("Value passed for the token was invalid.")
        if known.used:
            known.session.ended = known.session.ended or "reused"
        if known.session.ended is not None:
            raise Refused("Value passed for the token was invalid.")
        known.used = True
        known.session.refreshes += 1
        return self._pair(known.session, now_ms)

    def revoke(self, client_id: str, token: str) -> None:
        """End the session of a token; a token that nobody knows is revoked already."""
        session = self._access[token][0] if token in self._access else None
        if token in self._refresh:
            session = self._refresh[token].session
        if session is not None and session.grant.client_id == client_id:
            session.ended = session.ended or "revoked"

    def credential_of(self, token: str, now_ms: int) -> Credential | None:
        """Return the credential of an access token, or None when it opens nothing (any more)."""
        session, expires_ms = self._access.get(token, (None, 0))
        if session is None or session.ended is not None or now_ms >= expires_ms:
            return None
        grant = session.grant
        return Credential(
            token,
            "user",
            "oauth2",
            subject=f"user-{grant.user_id}@{grant.client_id}",
            project=grant.client_id.partition("~")[2] or DEFAULT_PROJECT,
            scopes=grant.scopes,
            user_id=grant.user_id,
        )

    def _pair(self, session: Session, now_ms: int) -> Pair:
        access, refresh = _new_token(), None
        session.access_expires_ms = now_ms + self.access_ms
        self._access[access] = session, session.access_expires_ms
        if REFRESHABLE in session.grant.scopes:
            refresh = _new_token()
            self._refresh[refresh] = _Refresh(session)
        return Pair(access, refresh, session.grant.scopes)


def challenge_of(verifier: str) -> bytes:
    """Return the S256 challenge of a PKCE verifier (RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")


def _new_token() -> str:
    return secrets.token_urlsafe(36)
