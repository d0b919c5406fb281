"""`resolve_handles` on real servers: the accounts behind names, and why there is none."""

from __future__ import annotations

from typing import Any

from shared.domain.jobs import ResolveHandles
from shared.services.bootstrap import Services
from tests.workers.world import ScriptedX, Simulator
from workers.handlers.accounts import resolve_handles


def handles(services: Services) -> dict[str, dict[str, Any]]:
    """The followed accounts by their lower-case name."""
    return {document["_id"]: document for document in services.stores.handles.all()}


def test_names_get_the_ids_and_profiles_of_their_accounts(simulated: Services, simulator: Simulator) -> None:
    """Whatever case a name was written in, its account is stored whole and the handle knows its id."""
    accounts = simulator.accounts()[:3]
    names = [account["username"].upper() for account in accounts]
    simulated.stores.handles.activate(names, now=simulated.clock.now())

    resolve_handles(simulated, ResolveHandles(usernames=tuple(names)))

    for account in accounts:
        handle = handles(simulated)[account["username"].lower()]
        assert (handle["user_id"], handle["username"]) == (account["id"], account["username"])
        user = simulated.stores.db["X_users"].find_one({"_id": account["id"]})
        assert user is not None
        assert user["username"] == account["username"]
        assert user["public_metrics"]


def test_a_name_without_an_account_says_why(simulated: Services, simulator: Simulator) -> None:
    """A name nobody has and that of a suspended account are noted with X's reason, and the others are resolved."""
    everyone = simulator.truth("accounts", all="1")["accounts"]
    suspended = next(account["username"] for account in everyone if account["suspended"])
    names = ["nobody_has_it", suspended, simulator.names()[0]]
    simulated.stores.handles.activate(names, now=simulated.clock.now())

    resolve_handles(simulated, ResolveHandles(usernames=tuple(names)))

    found = handles(simulated)
    assert found["nobody_has_it"]["missing"] == "not-found"
    assert found[suspended.lower()]["missing"] == "suspended"
    assert found[simulator.names()[0].lower()]["user_id"]
    assert simulated.stores.handles.unresolved(before=simulated.clock.now()) == []


def test_an_account_nobody_follows_is_stored_and_not_followed(services: Services, x: ScriptedX) -> None:
    """A late answer for a name that was given up does not bring it back."""
    x.script = lambda asked: (200, {"data": [{"id": "7", "username": "alice", "name": "A"}]})

    resolve_handles(services, ResolveHandles(usernames=("alice",)))

    assert services.stores.db["X_users"].count_documents({}) == 1
    assert handles(services) == {}
