"""Owns who may call: reads the `Authorization` header and answers with a credential or nothing.

It must not count calls. Invariant: a bearer token is accepted when it starts with `sim-`, was configured, or is the
access token of a living session; a request of OAuth 1.0a when its signature is right. Of the first kind
one that starts with `sim-user-` stands for a user, every other for the app alone, and the app of one that starts
with `sim-unenrolled-` belongs to no project; what follows a `~` is the project that pays.
"""

from simulator.calls import DEFAULT_PROJECT, Credential
from simulator.oauth.sessions import Sessions
from simulator.oauth.signature import Signatures


class Tokens:
    """The tokens and signatures that this simulator takes."""

    def __init__(self, configured: tuple[str, ...], sessions: Sessions, signatures: Signatures) -> None:
        """Accept `configured` beside every `sim-*` token, every session and every signature."""
        self._configured = frozenset(configured)
        self._sessions, self._signatures = sessions, signatures

    def credential_of(self, authorization: str | None, method: str, url: str, now_ms: int) -> Credential | None:
        """Return the credential of a request, or None when its header opens nothing."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() == "oauth":
            return self._signatures.credential_of(method, url, authorization or "", now_ms)
        token = token.strip()
        known = token in self._configured or (token.startswith("sim-") and len(token) > 4)
        if scheme.lower() != "bearer":
            return None
        if not known:
            return self._sessions.credential_of(token, now_ms)
        project = (token.partition("~")[2] if token.startswith("sim-") else "") or DEFAULT_PROJECT
        if token.startswith("sim-user-"):
            return Credential(token, "user", "oauth2", project=project)
        return Credential(token, "app", project=project, enrolled=not token.startswith("sim-unenrolled-"))
