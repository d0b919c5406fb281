"""Followed accounts: what X's daily word on each of them leads to. Pure.

The id is the account; a name is only what it is called at present.

    active <--> protected             as the account itself says
    active <--> suspended             as X says, at each look
    active --not found, twice with CONFIRM between--> gone --found--> active
    any    --has another name-------> the account goes on under that name; the old name is `renamed`
    renamed --another account has it-> `name_reused`: told, and followed only when a person says so

Invariant: what X did not say changes nothing; and of two accounts that were followed two are, whatever they are called.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.models import User

# X's search and its accounts fail for minutes; an account that is gone is gone for longer.
CONFIRM = timedelta(hours=1)


class AccountState(StrEnum):
    """How a followed name stands. The values are labels of metrics."""

    ACTIVE = "active"
    PROTECTED = "protected"
    SUSPENDED = "suspended"
    GONE = "gone"
    RENAMED = "renamed"
    NAME_REUSED = "name_reused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One followed account. `name` is in lower case and its key; `since` is when it came to be in `state`.

    missing_at: when X first said, without another word since, that there is no such account.
    """

    name: str
    username: str
    user_id: int
    state: AccountState = AccountState.ACTIVE
    since: datetime | None = None
    missing_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Renamed:
    """`before` is called as `after` says from now on; whether its old name is another followed account's now."""

    before: Account
    after: Account
    name_goes_on: bool


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look leads to. unclear: accounts whose new name another followed account had, which was not asked for, and
    that one: both must be looked at in one call."""

    accounts: tuple[Account, ...] = ()
    renamed: tuple[Renamed, ...] = ()
    unclear: frozenset[int] = frozenset()


def look(
    followed: Sequence[Account],
    users: Collection[User],
    missing: Mapping[str, str],
    *,
    others: Mapping[str, int],
    now: datetime,
) -> Looked:
    """What X said of the accounts that were asked for by id.

    missing: id as text -> reason. others: lower-case name -> id of the followed accounts that have one of these names.
    """
    found = {user.id: user for user in users}
    asked = {account.user_id: account for account in followed}
    after = {
        account.user_id: _missed(account, missing.get(str(account.user_id), "unknown"), now)
        if (user := found.get(account.user_id)) is None
        else _found(account, user, now)
        for account in followed
    }
    called = {id_: one for id_, one in after.items() if one.name != asked[id_].name}
    moves = _settled(called, after, others)
    taken = {after[id_].name for id_ in moves}
    waiting = [(id_, others[one.name]) for id_, one in called.items() if id_ not in moves]
    return Looked(
        accounts=tuple(one for id_, one in after.items() if id_ not in called and one.name not in taken),
        renamed=tuple(Renamed(asked[id_], after[id_], asked[id_].name in taken) for id_ in moves),
        unclear=frozenset(id_ for pair in waiting if pair[1] not in asked for id_ in pair),
    )


def hidden_since(before: Account, after: Account) -> datetime | None:
    """Since when the posts of an account that can be seen again were hidden; None: they were not, or still are."""
    is_back = after.state is AccountState.ACTIVE and before.state in _HIDDEN
    return before.since if is_back else None


_HIDDEN = frozenset({AccountState.PROTECTED, AccountState.SUSPENDED, AccountState.GONE})


def _settled(moves: Mapping[int, Account], after: Mapping[int, Account], others: Mapping[str, int]) -> list[int]:
    """Those of the moves to another name that lose nobody: each name is free, or its account moves on, or is gone."""

    def is_free(user_id: int, moving: Collection[int]) -> bool:
        holder = others.get(moves[user_id].name, user_id)
        is_gone = holder in after and after[holder].state is AccountState.GONE
        return holder == user_id or holder in moving or is_gone

    moving = list(moves)
    while len(free := [user_id for user_id in moving if is_free(user_id, moving)]) < len(moving):
        moving = free
    return moving


def _found(account: Account, user: User, now: datetime) -> Account:
    state = AccountState.PROTECTED if user.protected else AccountState.ACTIVE
    after = replace(account, name=user.username.lower(), username=user.username, missing_at=None)
    return after if state is account.state else replace(after, state=state, since=now)


def _missed(account: Account, reason: str, now: datetime) -> Account:
    """X gave no account. Only its own words settle something; every other reason is a passing fault.

    What is settled, gone too, has no `missing_at`: it is looked at as rarely as the others.
    """
    if reason in (AccountState.SUSPENDED, AccountState.PROTECTED):
        state = AccountState(reason)
        return replace(account, state=state, missing_at=None, since=account.since if state is account.state else now)
    if reason != "not-found" or account.state is AccountState.GONE:
        return account
    if account.missing_at is None:
        return replace(account, missing_at=now)
    if now - account.missing_at < CONFIRM:
        return account
    return replace(account, state=AccountState.GONE, since=now, missing_at=None)


@dataclass(frozen=True, slots=True)
class Name:
    """A name that is or was followed. renamed_to: what its account is called since; user_id: None until X told it.

    sources: the ids of those that ask for it now. is_denied: X said that there is no such account to be seen.
    """

    name: str
    user_id: int | None
    is_active: bool
    renamed_to: str | None = None
    sources: tuple[str, ...] = ()
    is_denied: bool = False


def carried(names: Sequence[str], known: Mapping[str, Name]) -> tuple[str, ...]:
    """What a stream that carries these names should carry: those that are followed, under their present names."""
    return tuple(dict.fromkeys(name for one in names if (name := _present(one, known)) is not None))


def _present(name: str, known: Mapping[str, Name]) -> str | None:
    seen: set[str] = set()
    while name not in seen and (one := known.get(name)) is not None:
        if one.is_active:
            return name
        if one.renamed_to is None:
            return None
        seen.add(name)
        name = one.renamed_to
    return None
