"""Whom or what `covey erase` means. Reads only, and prints nothing."""

from __future__ import annotations

from typing import Final

from shared.domain.erasing import Erased, Subject
from shared.domain.errors import InputError
from shared.stores.bundle import Stores

GREATEST_ID: Final = 2**63 - 1


def person(stores: Stores, username: str) -> Subject:
    """The account of that name, as it is known here. Raises InputError where none is known."""
    known = stores.handles.names([username]).get(username.lower())
    found = stores.db["X_users"].find_one({"username": {"$in": [username, username.lower()]}}, {"username": 1})
    user_id = known.user_id if known and known.user_id else int(found["_id"]) if found else None
    if user_id is None:
        raise InputError(f"@{username} is not known here by that name; give the account's id: --user-id ID")
    return person_of_id(stores, user_id, username)


def person_of_id(stores: Stores, user_id: int, *usernames: str) -> Subject:
    """An account by id, with the names that it is or was followed under. Raises InputError for what X gives nobody."""
    if not 1 <= user_id <= GREATEST_ID:
        raise InputError(f"--user-id {user_id}: ids of accounts are 1 to {GREATEST_ID}")
    rows = stores.db["X_tracked_handles"].find({"user_id": str(user_id)}, {"username": 1})
    names = dict.fromkeys([*usernames, *(row["username"] for row in rows)])
    return Subject(Erased.USER, user_id, tuple(names))


def post(post_id: int) -> Subject:
    """A post."""
    return Subject(Erased.POST, post_id)
