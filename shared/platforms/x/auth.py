"""Credentials: who asks X, and how a request proves it.

Owns the headers that carry a secret. Invariant: a secret is in no id, repr, message or error; it leaves this module
only inside a request to the base URL of X.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, field

from pydantic import SecretStr
from requests import PreparedRequest
from requests.auth import AuthBase
from requests_oauthlib import OAuth1

from shared.domain.errors import InputError
from shared.domain.models import CredentialKind

ID_LENGTH = 12

# On the level debug these write down what they sign, token and signature included.
for _library in ("oauthlib", "requests_oauthlib"):
    logging.getLogger(_library).setLevel(logging.INFO)


@dataclass(frozen=True, slots=True)
class Credential:
    """One identity that X counts by. `id` may be stored and logged; `auth` signs a request and is never shown.

    is_renewable: its token is replaced when X refuses it; `version` tells apart the tokens that it has had.
    """

    id: str
    kind: CredentialKind
    auth: AuthBase = field(repr=False, compare=False)
    is_renewable: bool = False
    version: int = 0


def checked(secret: SecretStr, name: str) -> SecretStr:
    """A secret that can stand in a header. Raises InputError that says which one cannot, without showing it."""
    text = secret.get_secret_value()
    # A line break would end the header and start another one of the secret's choosing.
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise InputError(f"the {name} is empty or holds characters that none has")
    return secret


class BearerAuth(AuthBase):
    """Puts a bearer token on a request."""

    def __init__(self, token: SecretStr) -> None:
        self._token = checked(token, "token")

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Sign one request."""
        request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        return request

    def __repr__(self) -> str:
        """The class only."""
        return "BearerAuth(**)"


class Nobody(AuthBase):
    """Leaves a request as it is: X answers it with 401, counts it for nobody and bills nothing."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """The same request."""
        return request


def bearer_credential(token: SecretStr) -> Credential:
    """The credential of an app-only token. Its id is the start of the token's SHA-256.

    An app's token holds over 300 random bits, so the id gives away nothing that can be guessed. Raises InputError
    when the token cannot be one; the message does not show it.
    """
    auth = BearerAuth(token)
    digest = hashlib.sha256(token.get_secret_value().encode()).hexdigest()
    return Credential(f"app-{digest[:ID_LENGTH]}", CredentialKind.BEARER, auth)


def user_credential_id(user_id: int | str) -> str:
    """The id of the credential of a user's OAuth 2.0 token."""
    return f"user-{user_id}"


def oauth2_credential(
    user_id: int | str, access_token: SecretStr, *, is_renewable: bool = False, version: int = 0
) -> Credential:
    """The credential of a user's OAuth 2.0 token. The id stays the same when the token is refreshed.

    user_id: of the account, or what stands for it until X has said whose token it is.
    """
    auth = BearerAuth(access_token)
    return Credential(user_credential_id(user_id), CredentialKind.OAUTH2_USER, auth, is_renewable, version)


def oauth1_credential(
    user_id: int, *, consumer_key: str, consumer_secret: SecretStr, token: str, token_secret: SecretStr
) -> Credential:
    """The credential of a user's OAuth 1.0a token: every request is signed with HMAC-SHA1. Raises InputError."""
    auth = OAuth1(
        checked(SecretStr(consumer_key), "consumer key").get_secret_value(),
        checked(consumer_secret, "consumer secret").get_secret_value(),
        checked(SecretStr(token), "access token").get_secret_value(),
        checked(token_secret, "access token secret").get_secret_value(),
    )
    return Credential(f"user1-{user_id}", CredentialKind.OAUTH1_USER, auth)
