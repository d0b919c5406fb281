"""Tokens, and the audit trail of every change."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response, status
from pydantic import BaseModel, Field

from control import tokens, trail
from control.http.access import Caller, From, The, needs
from control.http.paging import Cursor, Limit, Paged, key_of, paged
from control.http.problems import Kind, Problem
from shared.domain.access import TENANT, Scope
from shared.domain.errors import InputError

router = APIRouter(prefix="/v1", tags=["access"])


class TokenRow(BaseModel):
    """A token as it may be shown. prefix: its first characters. state: active, expired or revoked."""

    id: str
    name: str
    tenant: str
    scopes: list[Scope]
    prefix: str
    state: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewToken(BaseModel):
    """What a token is to be. tenant: yours where it is left out. expires_days: null is never."""

    model_config = {"extra": "forbid"}

    name: str = Field(min_length=1, max_length=100)
    scopes: list[Scope] = Field(min_length=1, max_length=len(Scope))
    tenant: str | None = Field(None, pattern=TENANT)
    expires_days: float | None = Field(90.0, gt=0, le=3_650)


class CreatedToken(TokenRow):
    """token: its text, said this once."""

    token: str


class Who(BaseModel):
    """The bearer of the token that was shown."""

    kind: str
    name: str
    tenant: str
    scopes: list[Scope]
    prefix: str | None


class EntryActor(BaseModel):
    """Who acted."""

    kind: str
    id: str
    name: str


class Entry(BaseModel):
    """One change. outcome: begun, done, refused or failed."""

    id: str
    at: datetime
    tenant: str
    actor: EntryActor
    token_prefix: str | None
    ip: str | None
    request_id: str | None
    action: str
    target: str
    before: Any
    after: Any
    note: str | None
    outcome: str


@router.get("/me", **needs(Scope.READ))
def me(caller: Caller) -> Who:
    """Whose token this is, and what it may do."""
    return Who(
        kind=caller.kind, name=caller.name, tenant=caller.tenant, scopes=sorted(caller.scopes), prefix=caller.prefix
    )


@router.get("/tokens", **needs(Scope.ADMIN))
def list_tokens(services: The) -> list[TokenRow]:
    """All tokens, the newest first."""
    return [TokenRow(**one) for one in tokens.rows(services)]


@router.post("/tokens", status_code=status.HTTP_201_CREATED, **needs(Scope.ADMIN, 400))
def create_token(request: Request, services: The, origin: From, wanted: NewToken) -> CreatedToken:
    """Make a token. Its text is in this answer and nowhere else."""
    request.state.holds_secret = True
    made = tokens.create(
        services,
        origin,
        name=wanted.name,
        tenant=wanted.tenant or origin.actor.tenant,
        scopes=wanted.scopes,
        days=wanted.expires_days,
    )
    return CreatedToken(token=made.text, **tokens.row(made.token, made.token.created_at))


@router.delete("/tokens/{token_id}", **needs(Scope.ADMIN, 404))
def revoke_token(services: The, origin: From, token_id: Annotated[str, Path(max_length=64)]) -> TokenRow:
    """Let a token open nothing from now on."""
    try:
        return TokenRow(**tokens.revoke(services, origin, token_id))
    except InputError as error:
        raise Problem(Kind.NOT_FOUND, str(error)) from None


@router.get("/audit", **needs(Scope.ADMIN))
def audit(
    request: Request,
    response: Response,
    services: The,
    tenant: Annotated[str | None, Query(pattern=TENANT, description="Only of this tenant.")] = None,
    action: Annotated[str | None, Query(max_length=64, description="Only this, such as source.add.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Paged[Entry]:
    """Who changed what, the newest first."""
    found = trail.entries(
        services,
        tenant=tenant,
        action=action,
        start=key_of(cursor),
        limit=limit + 1,
    )
    return Paged[Entry](**paged(request, response, found, limit, lambda one: (one["at"], one["id"])))
