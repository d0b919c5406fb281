"""Encryption at rest."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pytest
from cryptography.fernet import Fernet
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.credentials.secrets import BearerToken, Secret, SigningKeys, UserTokens
from shared.credentials.vault import Vault, new_key
from shared.domain.errors import InputError
from shared.platforms.x.oauth import OAuthClient

OLD, NEW, OTHER = new_key(), new_key(), new_key()
# What a token may hold: printable ASCII without a space; and a beginning that no message has by chance.
TOKENS = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=80).map("~a-t0k3n~".__add__)


def vault(*keys: str) -> Vault:
    """A vault with these keys."""
    return Vault(SecretStr(",".join(keys)))


def bearer(token: str = "a-token-of-the-app") -> BearerToken:
    """An app-only token."""
    return BearerToken(SecretStr(token))


def user(text: str) -> UserTokens:
    """An account's tokens, each of them some text and a word."""
    client = OAuthClient("client-id", SecretStr(text + "client"))
    return UserTokens(42, client, SecretStr(text + "access"), SecretStr(text + "refresh"))


def keys(text: str) -> SigningKeys:
    """Four keys of OAuth 1.0a, each of them some text and a word."""
    return SigningKeys(42, *(SecretStr(text + name) for name in ("consumer", "consumer-secret", "token", "secret")))


@pytest.mark.parametrize(
    "secret",
    [
        bearer(),
        user("t"),
        keys("t"),
        UserTokens(7, OAuthClient("public"), SecretStr("access only")),
        UserTokens(2**64, OAuthClient("public"), SecretStr("x")),
    ],
    ids=["bearer", "oauth2", "oauth1", "public client without refresh token", "large user id"],
)
def test_what_was_sealed_opens(secret: Secret) -> None:
    """Every kind of secret comes back as it was."""
    assert vault(NEW).open("one", vault(NEW).seal("one", secret)) == secret


@settings(deadline=None, max_examples=60)
@given(text=TOKENS, make=st.sampled_from([bearer, user, keys]))
def test_no_secret_shows(text: str, make: Callable[[str], Secret]) -> None:
    """Neither the value, its ciphertext, the vault, nor what signs with it shows a token."""
    secret = make(text)
    sealed = vault(NEW).seal("one", secret)

    shown = f"{secret!r} {secret} {sealed} {vault(NEW)!r} {secret.credential()!r} {secret.credential().auth!r}"

    assert text not in shown
    assert "t0k3n" not in shown


def test_a_ciphertext_belongs_to_one_credential() -> None:
    """Moved to another document it does not open."""
    sealed = vault(NEW).seal("user-1", bearer())

    with pytest.raises(InputError, match="user-2: its ciphertext was made for another credential"):
        vault(NEW).open("user-2", sealed)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_changed_ciphertext_does_not_open(data: st.DataObject) -> None:
    """A ciphertext with any character changed, or cut anywhere, is refused."""
    sealed = vault(NEW).seal("one", bearer())
    place = data.draw(st.integers(0, len(sealed) - 3))  # the last characters are padding
    others = [character for character in "AZaz09-_" if character != sealed[place]]
    other = others[data.draw(st.integers(0, 7)) % len(others)]  # a ciphertext is another one each time

    for changed in (sealed[:place] + other + sealed[place + 1 :], sealed[:place], "", "ü"):
        with pytest.raises(InputError, match="one: no key of COVEY_CREDENTIAL_KEYS opens it, or it was changed"):
            vault(NEW).open("one", changed)


def test_what_is_encrypted_and_no_secret_is_refused() -> None:
    """A text that our own key encrypted, but that is no secret, does not open."""
    for content in (b"[]", b"{}", b"not JSON", b'{"id": "one", "kind": "oauth2_user", "secret": {"user_id": "x"}}'):
        with pytest.raises(InputError, match="no key of"):
            vault(NEW).open("one", Fernet(NEW).encrypt(content).decode())


def test_the_first_key_encrypts_and_all_decrypt() -> None:
    """While a key is replaced, both old and new ciphertexts open; without the old key its own do not."""
    old = vault(OLD).seal("one", bearer())

    assert vault(NEW, OLD).open("one", old) == bearer()
    assert vault(NEW).open("one", vault(NEW, OLD).seal("one", bearer())) == bearer()
    with pytest.raises(InputError, match="no key of COVEY_CREDENTIAL_KEYS opens it"):
        vault(NEW).open("one", old)


def test_resealing_moves_a_ciphertext_to_the_first_key() -> None:
    """Afterwards the old key is not needed; what is by the first key already is left alone."""
    both = vault(NEW, OLD)

    resealed = both.reseal("one", vault(OLD).seal("one", bearer()))

    assert resealed is not None
    assert vault(NEW).open("one", resealed) == bearer()
    assert both.reseal("one", resealed) is None


@pytest.mark.parametrize("sealed_for", ["two", None])
def test_resealing_moves_nothing_that_does_not_open(sealed_for: str | None) -> None:
    """A ciphertext of another credential or another key stays as it is, with an error."""
    sealed = vault(OLD).seal(sealed_for, bearer()) if sealed_for else vault(OTHER).seal("one", bearer())

    with pytest.raises(InputError, match="one: "):
        vault(NEW, OLD).reseal("one", sealed)


@pytest.mark.parametrize("text", [None, "", " , "])
def test_without_a_key_nothing_is_stored(text: str | None) -> None:
    """A vault without keys can be made; what needs one says how to get it."""
    locked = Vault(None if text is None else SecretStr(text))

    for use in (
        locked.require_keys,
        lambda: locked.seal("one", bearer()),
        lambda: locked.open("one", "x"),
        lambda: locked.reseal("one", "x"),
    ):
        with pytest.raises(InputError, match=r"COVEY_CREDENTIAL_KEYS is not set.*covey credentials new-key"):
            use()


@pytest.mark.parametrize(
    "text",
    ["short", "x" * 44, f"{NEW},hunter2-hunter2", "schlüssel", f"{OLD}{NEW}"],
    ids=["short", "long", "second", "umlaut", "no comma"],
)
def test_what_is_no_key_is_named_by_its_place(text: str) -> None:
    """The error says which of the keys it is and shows none of them, in no frame either."""
    with pytest.raises(InputError, match=r"COVEY_CREDENTIAL_KEYS: key [12] cannot be used") as caught:
        Vault(SecretStr(text))

    bad = text.split(",")[-1]
    assert caught.value.__cause__ is caught.value.__context__ is None
    for frame, _ in traceback.walk_tb(caught.value.__traceback__):
        if frame.f_code.co_filename != __file__:
            assert bad not in repr(frame.f_locals)
    assert bad not in str(caught.value)


def test_an_error_of_opening_has_no_frame_with_the_secret() -> None:
    """A ciphertext that opens under another id shows nothing of what was in it."""
    sealed = vault(NEW).seal("one", user("SECRET-SECRET-"))

    with pytest.raises(InputError) as caught:
        vault(NEW).open("two", sealed)

    assert caught.value.__cause__ is caught.value.__context__ is None
    for frame, _ in traceback.walk_tb(caught.value.__traceback__):
        if frame.f_code.co_filename != __file__:
            assert "SECRET-SECRET-" not in repr(frame.f_locals)


def test_texts_that_x_knows_nothing_of_are_sealed_alike() -> None:
    """They open for their owner alone, move to the first key, and are no credential; a credential is no texts."""
    texts = {"url": SecretStr("https://hooks.example/~t0k3n~"), "secret": SecretStr("whsec_1")}
    sealed = vault(OLD).seal_texts("endpoint:1", texts)
    assert "~t0k3n~" not in sealed
    assert vault(OLD).open_texts("endpoint:1", sealed) == texts
    moved = vault(NEW, OLD).reseal("endpoint:1", sealed)
    assert moved is not None
    assert vault(NEW).open_texts("endpoint:1", moved) == texts
    with pytest.raises(InputError, match="made for another"):
        vault(OLD).open_texts("endpoint:2", sealed)
    with pytest.raises(InputError, match="no key of COVEY_CREDENTIAL_KEYS opens it"):
        vault(OLD).open("endpoint:1", sealed)
    with pytest.raises(InputError, match="no key of COVEY_CREDENTIAL_KEYS opens it"):
        vault(OLD).open_texts("one", vault(OLD).seal("one", bearer()))
