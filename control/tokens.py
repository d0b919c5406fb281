"""Tokens of the API: made, shown once, listed, taken back; and who stands behind one that is shown to us."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from control.trail import Origin, recorded
from shared.domain.access import SHOWN_CHARACTERS, Scope, Token, digest_of, is_token, new_token, tenant_named
from shared.domain.errors import InputError
from shared.services.bootstrap import Services

LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Created:
    """A new token. text: what its bearer shows; it is kept nowhere."""

    token: Token
    text: str


def create(
    services: Services, origin: Origin, *, name: str, tenant: str, scopes: Collection[Scope], days: float | None
) -> Created:
    """Make a token. days: until it expires; None: it never does. Raises InputError for a wrong name or days."""
    tenant_named(tenant)
    if not name.strip() or len(name) > LONGEST_NAME:
        raise InputError(f"name {name!r}: 1 to {LONGEST_NAME} characters")
    if not scopes:
        raise InputError(f"no scope is given; there are {', '.join(Scope)}")
    if days is not None and not 0 < days <= 3_650:
        raise InputError(f"{days:g} days: above 0, up to 3650")
    text, now = new_token(), services.clock.now()
    token = Token(
        id=uuid.uuid4().hex,
        name=name.strip(),
        tenant=tenant,
        scopes=frozenset(scopes),
        prefix=text[:SHOWN_CHARACTERS],
        created_at=now,
        created_by=origin.actor.name,
        expires_at=None if days is None else now + timedelta(days=days),
    )
    with recorded(services, origin, "token.create", token.id) as entry:
        services.stores.tokens.add(token, digest=digest_of(text))
        entry.after = row(token, now)
    return Created(token, text)


def rows(services: Services, *, tenant: str | None = None) -> list[dict[str, Any]]:
    """All tokens, of one tenant or of all, the newest first."""
    now = services.clock.now()
    return [row(one, now) for one in services.stores.tokens.all(tenant=tenant)]


def revoke(services: Services, origin: Origin, token_id: str, *, tenant: str | None = None) -> dict[str, Any]:
    """Let a token open nothing from now on; one that is revoked stays so. Raises InputError where there is none."""
    now = services.clock.now()
    token = _found(services, token_id, tenant)
    with recorded(services, origin, "token.revoke", token.id, before=row(token, now)) as entry:
        services.stores.tokens.revoke(token.id, now=now)
        entry.after = row(_found(services, token.id, tenant), now)
    return dict(entry.after)


def shown(services: Services, text: str) -> Token | None:
    """The token behind a text that somebody shows, where it opens something now; its use is noted."""
    if not is_token(text):
        return None
    token, now = services.stores.tokens.by_digest(digest_of(text)), services.clock.now()
    if token is None or token.state(now) != "active":
        return None
    services.stores.tokens.used(token, now=now)
    return token


def row(token: Token, now: datetime) -> dict[str, Any]:
    """A token as it may be shown."""
    return {
        "id": token.id,
        "name": token.name,
        "tenant": token.tenant,
        "scopes": sorted(token.scopes),
        "prefix": token.prefix,
        "state": token.state(now),
        "created_at": token.created_at,
        "created_by": token.created_by,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "revoked_at": token.revoked_at,
    }


def _found(services: Services, given: str, tenant: str | None) -> Token:
    """By its id, or by the first characters of its text where these name one alone."""
    token = services.stores.tokens.get(given, tenant=tenant)
    if token is not None:
        return token
    likely = [one for one in services.stores.tokens.all(tenant=tenant) if one.prefix == given]
    if len(likely) != 1:
        raise InputError(f"there is no token {given!r}; covey tokens list shows them")
    return likely[0]
