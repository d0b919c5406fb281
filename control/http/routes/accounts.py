"""Accounts: whom the tenant follows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response, status

from control import inputs, tenant_accounts
from control.http.access import Caller, From, The, needs
from control.http.paging import Cursor, Limit, Paged, key_of, paged
from control.http.shapes.sources import AccountRow, AccountsWish, Followed, FollowPrice
from control.lists import Word
from shared.domain.access import Scope

router = APIRouter(prefix="/v1", tags=["accounts"])

_FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)  # accounts are in the order of their names alone
Username = Annotated[str, Path(pattern=r"^[A-Za-z0-9_]{1,15}$", description="A name, without @.")]


@router.get("/accounts", **needs(Scope.READ))
def list_accounts(
    request: Request, response: Response, services: The, caller: Caller, limit: Limit = 50, cursor: Cursor = None
) -> Paged[AccountRow]:
    """The accounts that the tenant's sources ask for, by name, each with how far it is covered."""
    start = key_of(cursor)
    found = tenant_accounts.rows(services, caller.tenant, after=start and start[1], limit=limit + 1)
    rows = [AccountRow(**one) for one in found]
    return Paged[AccountRow](**paged(request, response, rows, limit, lambda one: (_FIRST, one.username.lower())))


@router.post("/accounts", **needs(Scope.TRACK, 400, 409))
def track_accounts(
    services: The,
    caller: Caller,
    origin: From,
    wish: AccountsWish,
    dry_run: Annotated[bool, Query(description="Say what it would cost, and do nothing.")] = False,
    force: Annotated[bool, Query(description="Follow names too that X does not know.")] = False,
) -> Followed | FollowPrice:
    """Follow accounts: what they post, who mentions them, replies to them and quotes them."""
    names = inputs.handles(Word(one) for one in wish.usernames)
    since = inputs.since(wish.since if isinstance(wish.since, str) else f"{wish.since}s")
    if dry_run:
        return FollowPrice(**tenant_accounts.price(services, caller.tenant, names, since=since))
    return Followed(**tenant_accounts.follow(services, origin, names, since=since, force=force))


@router.delete("/accounts/{username}", status_code=status.HTTP_204_NO_CONTENT, **needs(Scope.TRACK, 404, 409))
def untrack_account(services: The, origin: From, username: Username) -> None:
    """Follow an account no longer. What was collected stays, and other sources that ask for it go on."""
    tenant_accounts.leave(services, origin, username)
