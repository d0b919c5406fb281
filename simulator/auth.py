"""Owns who may call: reads the bearer header and answers with a credential or nothing.

It must not count calls. Invariant: a token is accepted when it starts with `sim-` or was configured;
one that starts with `sim-user-` stands for a user, every other for the app alone, and the app of one that starts
with `sim-unenrolled-` belongs to no project; what follows a `~` is the project that pays.
"""

from simulator.calls import DEFAULT_PROJECT, Credential


class Tokens:
    """The tokens that this simulator takes."""

    def __init__(self, configured: tuple[str, ...]) -> None:
        """Accept `configured` beside every `sim-*` token."""
        self._configured = frozenset(configured)

    def credential_of(self, authorization: str | None) -> Credential | None:
        """Return the credential of an `Authorization` header, or None when it opens nothing."""
        scheme, _, token = (authorization or "").partition(" ")
        token = token.strip()
        known = token in self._configured or (token.startswith("sim-") and len(token) > 4)
        if scheme.lower() != "bearer" or not known:
            return None
        project = (token.partition("~")[2] if token.startswith("sim-") else "") or DEFAULT_PROJECT
        if token.startswith("sim-user-"):
            return Credential(token, "user", "oauth2", project=project)
        return Credential(token, "app", project=project, enrolled=not token.startswith("sim-unenrolled-"))
