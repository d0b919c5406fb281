"""Storing secrets, and moving them to a new key."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from shared.credentials.keeping import keep, rotate
from shared.credentials.secrets import BearerToken, SigningKeys, UserTokens
from shared.credentials.vault import Vault
from shared.domain.errors import InputError
from shared.platforms.x.oauth import OAuthClient
from shared.stores.credentials import CredentialStore
from shared.stores.database import Db
from tests.shared.credentials.test_vault import NEW, OLD, OTHER, bearer, keys, user, vault


def test_each_kind_is_kept_under_its_own_id(store: CredentialStore) -> None:
    """A hash of the token, the account, the account by OAuth 1.0a; what can be renewed is known without opening it."""
    ids = [
        keep(store, vault(NEW), bearer()),
        keep(store, vault(NEW), user("t"), lifetime=timedelta(hours=2), scopes=("tweet.read",)),
        keep(store, vault(NEW), keys("t")),
    ]

    assert ids == [bearer().credential().id, "user-42", "user1-42"]
    found = {stored.id: stored for stored in store.all()}
    assert [found[id_].is_renewable for id_ in ids] == [False, True, False]
    assert found["user-42"].scopes == ("tweet.read",)
    assert found["user-42"].expires_at is not None
    assert vault(NEW).open("user-42", found["user-42"].sealed) == user("t")


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        (BearerToken(SecretStr("two words")), "the token is empty"),
        (UserTokens(1, OAuthClient("id"), SecretStr("")), "the access token is empty"),
        (UserTokens(1, OAuthClient("id"), SecretStr("a"), SecretStr("line\nbreak")), "the refresh token is empty"),
        (UserTokens(1, OAuthClient(""), SecretStr("a")), "COVEY_X_CLIENT_ID is not set"),
        (SigningKeys(1, *map(SecretStr, ("a", "b", "c", ""))), "the access token secret is empty"),
    ],
)
def test_what_cannot_be_a_secret_is_not_kept(store: CredentialStore, secret: Any, message: str) -> None:
    """The error says which part it is; nothing is stored."""
    with pytest.raises(InputError, match=message):
        keep(store, vault(NEW), secret)

    assert store.all() == []


def test_without_keys_nothing_is_kept_or_moved(store: CredentialStore) -> None:
    """The error says how to get one."""
    for use in (lambda: keep(store, Vault(None), bearer()), lambda: rotate(store, Vault(None))):
        with pytest.raises(InputError, match="COVEY_CREDENTIAL_KEYS is not set"):
            use()


def test_all_move_to_the_first_key(store: CredentialStore) -> None:
    """Afterwards the old key can go; a second time nothing is left to do; what no key opens is named and stays."""
    moved = keep(store, vault(OLD), bearer())
    new = keep(store, vault(NEW), user("t"))
    locked = keep(store, vault(OTHER), keys("t"))
    versions = {stored.id: stored.version for stored in store.all()}

    first, second = rotate(store, vault(NEW, OLD)), rotate(store, vault(NEW, OLD))

    assert (first.resealed, first.unchanged, list(first.failed)) == ([moved], [new], [locked])
    assert (second.resealed, sorted(second.unchanged), list(second.failed)) == ([], sorted([moved, new]), [locked])
    found = {stored.id: stored for stored in store.all()}
    assert vault(NEW).open(moved, found[moved].sealed) == bearer()
    assert vault(OTHER).open(locked, found[locked].sealed) == keys("t")
    assert {stored.id: stored.version for stored in store.all()} == versions


def test_tokens_that_are_renewed_meanwhile_are_not_undone(store: CredentialStore, mongo_db: Db) -> None:
    """A ciphertext that changed since it was read is left, and named."""
    credential_id = keep(store, vault(OLD), user("old"))

    class RenewedMeanwhile(CredentialStore):
        def reseal(self, credential_id: str, before: str, after: str) -> bool:
            """Somebody stores new tokens between the reading and the write."""
            keep(store, vault(OLD), user("new"))
            return super().reseal(credential_id, before, after)

    done = rotate(RenewedMeanwhile(mongo_db), vault(NEW, OLD))

    assert "run this again" in done.failed[credential_id]
    assert vault(OLD).open(credential_id, store.all()[0].sealed) == user("new")
    assert rotate(store, vault(NEW, OLD)).resealed == [credential_id]
