"""What a credential holds that must not be seen: the three kinds, as values that do not show it.

Pure. Invariant: the text of a secret is in no repr; it leaves through `fields`, for the vault to encrypt, and through
`credential`, whose `auth` puts it on a request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

from shared.domain.errors import InputError
from shared.domain.models import CredentialKind
from shared.platforms.x.auth import Credential, bearer_credential, checked, oauth1_credential, oauth2_credential
from shared.platforms.x.oauth import OAuthClient

_UNKNOWN = "unknown-"


def is_unnamed(credential_id: str) -> bool:
    """Whether the id stands for an account that X has not named yet."""
    return credential_id.startswith(f"user-{_UNKNOWN}")


@dataclass(frozen=True, slots=True)
class BearerToken:
    """The app-only token. Its credential is called after the token's hash."""

    token: SecretStr = field(repr=False)
    kind = CredentialKind.BEARER

    def credential(self, version: int = 0) -> Credential:
        """What signs with it. Raises InputError for a token that cannot be one."""
        return bearer_credential(self.token)

    def fields(self) -> dict[str, str]:
        """The secret, by name."""
        return {"token": self.token.get_secret_value()}


@dataclass(frozen=True, slots=True)
class UserTokens:
    """The tokens of an account that let the app in by OAuth 2.0, and the app they were issued to.

    Only that app can renew them, so its secret is kept with them: a process that renews needs no settings but the keys.
    user_id None: X has not said yet whose they are, and `provisional` names them; they are as good to ask X with.
    """

    user_id: int | None
    client: OAuthClient
    access: SecretStr = field(repr=False)
    refresh: SecretStr | None = field(default=None, repr=False)
    provisional: str = ""
    kind = CredentialKind.OAUTH2_USER

    def credential(self, version: int = 0) -> Credential:
        """What signs with the access token. Raises InputError for a token that cannot be one."""
        account = f"{_UNKNOWN}{self.provisional}" if self.user_id is None else self.user_id
        return oauth2_credential(account, self.access, is_renewable=self.refresh is not None, version=version)

    def fields(self) -> dict[str, str]:
        """The secrets and what they belong to, by name."""
        given = {"refresh": self.refresh, "client_secret": self.client.secret}
        whose = {"provisional": self.provisional} if self.user_id is None else {"user_id": str(self.user_id)}
        return {
            **whose,
            "client_id": self.client.id,
            "access": self.access.get_secret_value(),
            **{name: value.get_secret_value() for name, value in given.items() if value is not None},
        }


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The four keys with which OAuth 1.0a signs for an account."""

    user_id: int
    consumer_key: SecretStr = field(repr=False)
    consumer_secret: SecretStr = field(repr=False)
    token: SecretStr = field(repr=False)
    token_secret: SecretStr = field(repr=False)
    kind = CredentialKind.OAUTH1_USER

    def credential(self, version: int = 0) -> Credential:
        """What signs with the keys. Raises InputError for keys that cannot be."""
        return oauth1_credential(
            self.user_id,
            consumer_key=self.consumer_key.get_secret_value(),
            consumer_secret=self.consumer_secret,
            token=self.token.get_secret_value(),
            token_secret=self.token_secret,
        )

    def fields(self) -> dict[str, str]:
        """The secrets and whose they are, by name."""
        return {
            "user_id": str(self.user_id),
            "consumer_key": self.consumer_key.get_secret_value(),
            "consumer_secret": self.consumer_secret.get_secret_value(),
            "token": self.token.get_secret_value(),
            "token_secret": self.token_secret.get_secret_value(),
        }


Secret = BearerToken | UserTokens | SigningKeys


def from_fields(kind: CredentialKind, fields: Mapping[str, str]) -> Secret:
    """The inverse of `fields`. Raises KeyError for a missing one, ValueError for a user id that is no number."""
    if kind is CredentialKind.BEARER:
        return BearerToken(SecretStr(fields["token"]))
    if kind is CredentialKind.OAUTH1_USER:
        names = ("consumer_key", "consumer_secret", "token", "token_secret")
        return SigningKeys(int(fields["user_id"]), *(SecretStr(fields[name]) for name in names))
    return UserTokens(
        user_id=None if "provisional" in fields else int(fields["user_id"]),
        client=OAuthClient(fields["client_id"], _optional(fields, "client_secret")),
        access=SecretStr(fields["access"]),
        refresh=_optional(fields, "refresh"),
        provisional=fields.get("provisional", ""),
    )


def checked_tokens(tokens: UserTokens) -> UserTokens:
    """The tokens, if each can stand in a request. Raises InputError that says which cannot, without showing it."""
    checked(tokens.access, "access token")
    if tokens.refresh is not None:
        checked(tokens.refresh, "refresh token")
    if not tokens.client.id:
        raise InputError("COVEY_X_CLIENT_ID is not set: the OAuth 2.0 client id of your app on X")
    return tokens


def _optional(fields: Mapping[str, str], name: str) -> SecretStr | None:
    return SecretStr(fields[name]) if name in fields else None
