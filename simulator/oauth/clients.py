"""Owns the apps that may ask users for access, and the keys that sign OAuth 1.0a requests.

It must not know tokens of OAuth 2.0. Invariant: every id or key `sim-*` is known and its secret is itself with
`-secret` behind it; a client `sim-public-*` is a public one, without a secret; others are as configured.
"""

import hmac
from dataclasses import dataclass, field

MADE_UP = "sim-"
PUBLIC = "sim-public-"


@dataclass(frozen=True)
class OauthSettings:
    """`clients` are `ID` (public) or `ID:SECRET`; `keys` are `CONSUMER:SECRET:TOKEN:SECRET` of OAuth 1.0a."""

    access_token_seconds: float = 7200.0
    code_seconds: float = 30.0
    clients: tuple[str, ...] = field(default=(), repr=False)
    keys: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Raise `ValueError` for a life below a second or a text of another form; a secret is never shown."""
        for name in ("access_token_seconds", "code_seconds"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1: {getattr(self, name)}")
        for text in self.clients:
            if not all(text.split(":")) or text.count(":") > 1:
                raise ValueError(f"a client is ID or ID:SECRET, not {text.partition(':')[0]!r} with more parts")
        for text in self.keys:
            if not all(text.split(":")) or text.count(":") != 3:
                raise ValueError("a key of OAuth 1.0a is CONSUMER:SECRET:TOKEN:SECRET, four parts")


class Clients:
    """Who is known, and with which secret."""

    def __init__(self, settings: OauthSettings) -> None:
        self._clients = {text.partition(":")[0]: text.partition(":")[2] or None for text in settings.clients}
        self._secrets: dict[str, str] = {}
        for text in settings.keys:
            consumer, consumer_secret, token, token_secret = text.split(":")
            self._secrets |= {consumer: consumer_secret, token: token_secret}

    def known(self, client_id: str) -> bool:
        """Whether there is such a client."""
        return client_id in self._clients or _made_up(client_id)

    def confidential(self, client_id: str) -> bool:
        """Whether a known client has a secret to show."""
        if client_id in self._clients:
            return self._clients[client_id] is not None
        return not client_id.startswith(PUBLIC)

    def secret_fits(self, client_id: str, secret: str) -> bool:
        """Whether a secret is that of a confidential client."""
        if not self.known(client_id) or not self.confidential(client_id):
            return False
        expected = self._clients.get(client_id) or f"{client_id}-secret"
        return hmac.compare_digest(expected.encode(), secret.encode())

    def secret_of_key(self, key: str) -> str | None:
        """Return the secret of a consumer key or token of OAuth 1.0a, or None."""
        return self._secrets.get(key) or (f"{key}-secret" if _made_up(key) else None)


def _made_up(name: str) -> bool:
    return name.startswith(MADE_UP) and len(name) > len(MADE_UP)
