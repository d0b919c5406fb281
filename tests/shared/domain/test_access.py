"""Tokens and scopes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.access import (
    Actor,
    ActorKind,
    Scope,
    Token,
    digest_of,
    is_token,
    new_token,
    scopes_of,
    tenant_named,
)
from shared.domain.errors import InputError

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def test_new_tokens_are_tokens_and_differ() -> None:
    """Each has the prefix, 38 characters and a checksum that fits."""
    made = {new_token() for _ in range(500)}
    assert len(made) == 500
    assert all(is_token(one) and one.startswith("cvy_") and len(one) == 42 for one in made)


@given(st.integers(4, 41), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
def test_a_wrong_character_is_noticed(place: int, character: str) -> None:
    """A checksum of 32 bits finds every single wrong character."""
    text = new_token()
    wrong = text[:place] + character + text[place + 1 :]
    assert is_token(wrong) == (wrong == text)


@given(st.text(max_size=60))
def test_what_is_no_token_is_told_so(text: str) -> None:
    """Whatever somebody sends, it is looked at without an error."""
    assert not is_token(text)
    assert len(digest_of(text)) == 64


def test_a_token_is_active_until_it_expires_or_is_revoked() -> None:
    """To the moment: at its end it is over; revoked is told first."""
    token = Token(
        id="1", name="a", tenant="t", scopes=frozenset({Scope.READ}), prefix="cvy_abcd", created_at=NOW, created_by="me"
    )
    assert token.state(NOW) == "active"
    ends = Token(**{**{name: getattr(token, name) for name in Token.__slots__}, "expires_at": NOW})
    assert ends.state(NOW - timedelta(milliseconds=1)) == "active"
    assert ends.state(NOW) == "expired"
    gone = Token(**{**{name: getattr(ends, name) for name in Token.__slots__}, "revoked_at": NOW})
    assert gone.state(NOW) == "revoked"


def test_admin_may_everything_and_others_what_they_were_given() -> None:
    """A scope stands for itself alone; admin for all."""

    def actor(*scopes: Scope) -> Actor:
        return Actor(kind=ActorKind.TOKEN, id="1", name="a", tenant="t", scopes=frozenset(scopes))

    assert all(actor(Scope.ADMIN).may(scope) for scope in Scope)
    assert [scope for scope in Scope if actor(Scope.READ).may(scope)] == [Scope.READ]


@pytest.mark.parametrize("words", [[], ["nope"], ["read", "Nope"], ["READ"], [""]])
def test_words_that_are_no_scopes_are_named(words: list[str]) -> None:
    """The error says which, and which there are."""
    with pytest.raises(InputError, match="track:write"):
        scopes_of(words)


@pytest.mark.parametrize("text", ["", "A", "a_b", "-a", "a-", "a" * 65, "a|b", "tenänt"])
def test_a_tenant_that_cannot_be_is_refused(text: str) -> None:
    """The same form as of a source's id: it stands in keys and addresses."""
    with pytest.raises(InputError, match="tenant"):
        tenant_named(text)
