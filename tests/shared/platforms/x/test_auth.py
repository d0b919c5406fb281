"""Credentials sign requests and show nothing of their secrets."""

from __future__ import annotations

import pytest
import requests
from pydantic import SecretStr

from shared.domain.errors import InputError
from shared.domain.models import CredentialKind
from shared.platforms.x.auth import Credential, bearer_credential, oauth1_credential, oauth2_credential

SECRET = "AAAAsecret%3Dtoken"


def _signed(credential: Credential) -> str:
    prepared = requests.Request("GET", "https://api.x.com/2/tweets?ids=1", auth=credential.auth).prepare()
    header = prepared.headers["Authorization"]
    return header.decode() if isinstance(header, bytes) else str(header)


def test_bearer_signs_with_the_token() -> None:
    """The header holds the token as X wants it."""
    assert _signed(bearer_credential(SecretStr(SECRET))) == f"Bearer {SECRET}"


def test_same_token_same_id_and_other_token_other_id() -> None:
    """Windows in Redis belong to the same credential after a restart."""
    first, again = bearer_credential(SecretStr(SECRET)), bearer_credential(SecretStr(SECRET))

    assert first == again
    assert first.id != bearer_credential(SecretStr(SECRET + "x")).id


def test_user_id_outlives_the_token() -> None:
    """A refreshed OAuth 2.0 token is the same credential."""
    old, new = oauth2_credential(42, SecretStr("one")), oauth2_credential(42, SecretStr("two"))

    assert old.id == new.id == "user-42"
    assert new.kind is CredentialKind.OAUTH2_USER
    assert _signed(new) == "Bearer two"


def test_oauth1_signs_every_request() -> None:
    """OAuth 1.0a sends a signature, never the secrets."""
    credential = oauth1_credential(
        42, consumer_key="ck", consumer_secret=SecretStr("cs-secret"), token="tk", token_secret=SecretStr("ts-secret")
    )

    header = _signed(credential)

    assert header.startswith("OAuth ")
    assert 'oauth_signature_method="HMAC-SHA1"' in header
    assert "secret" not in header


@pytest.mark.parametrize(
    "credential",
    [
        bearer_credential(SecretStr(SECRET)),
        oauth2_credential(1, SecretStr(SECRET)),
        oauth1_credential(
            1, consumer_key="ck", consumer_secret=SecretStr(SECRET), token="tk", token_secret=SecretStr(SECRET)
        ),
    ],
    ids=lambda credential: credential.kind.value,
)
def test_no_representation_shows_a_secret(credential: Credential) -> None:
    """Neither the credential nor what signs for it prints its token."""
    assert SECRET not in f"{credential!r} {credential} {credential.auth!r} {credential.id}"


@pytest.mark.parametrize("token", ["", " ", "a b", "abc\r\nX-Evil: 1", "tökén"])
def test_a_token_that_is_none_is_refused_without_showing_it(token: str) -> None:
    """A broken token would break the header; the message does not repeat it."""
    with pytest.raises(InputError) as caught:
        bearer_credential(SecretStr(token))

    assert not token.strip() or token not in str(caught.value)
