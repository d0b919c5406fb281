"""`tokens` on a real MongoDB."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.domain.access import Scope, Token
from shared.stores.bundle import Stores

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def token(number: int, tenant: str = "default") -> Token:
    """One of several."""
    return Token(
        id=f"id-{number}",
        name=f"n{number}",
        tenant=tenant,
        scopes=frozenset({Scope.READ, Scope.RUNS}),
        prefix=f"cvy_{number:04}",
        created_at=NOW + timedelta(seconds=number),
        created_by="me",
        expires_at=NOW + timedelta(days=1),
    )


def test_a_token_comes_back_as_it_was_kept(stores: Stores) -> None:
    """By its digest and by its id, of its tenant alone where one is asked for."""
    stores.tokens.add(token(1), digest="d1")
    assert stores.tokens.by_digest("d1") == token(1)
    assert stores.tokens.get("id-1") == token(1)
    assert stores.tokens.get("id-1", tenant="acme") is None
    assert stores.tokens.by_digest("d2") is None


def test_tokens_are_listed_by_tenant_the_newest_first(stores: Stores) -> None:
    """All, or those of one tenant."""
    for number, tenant in enumerate(("default", "acme", "default")):
        stores.tokens.add(token(number, tenant), digest=str(number))
    assert [one.id for one in stores.tokens.all()] == ["id-2", "id-1", "id-0"]
    assert [one.id for one in stores.tokens.all(tenant="acme")] == ["id-1"]


def test_a_use_is_noted_once_a_minute(stores: Stores) -> None:
    """A request is a read; a write a minute says enough."""
    stores.tokens.add(token(1), digest="d")
    stores.tokens.used(token(1), now=NOW)
    noted = stores.tokens.get("id-1")
    assert noted is not None
    assert noted.last_used_at == NOW
    stores.tokens.used(noted, now=NOW + timedelta(seconds=59))
    assert stores.tokens.get("id-1") == noted
    stores.tokens.used(noted, now=NOW + timedelta(seconds=60))
    later = stores.tokens.get("id-1")
    assert later is not None
    assert later.last_used_at == NOW + timedelta(seconds=60)


def test_a_token_is_revoked_once(stores: Stores) -> None:
    """The first time counts; one that is not there is told."""
    stores.tokens.add(token(1), digest="d")
    assert stores.tokens.revoke("id-1", now=NOW)
    assert not stores.tokens.revoke("id-1", now=NOW + timedelta(hours=1))
    assert not stores.tokens.revoke("id-9", now=NOW)
    revoked = stores.tokens.get("id-1")
    assert revoked is not None
    assert revoked.revoked_at == NOW
