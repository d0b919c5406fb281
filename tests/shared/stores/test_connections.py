"""Persons who were sent to X, until they come back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from shared.stores.bundle import Stores
from shared.stores.connections import VALID
from tests.shared.stores.conftest import NOW


def begin(stores: Stores, name: str = "c") -> None:
    """Somebody is sent."""
    stores.connections.begin(name, state_digest=f"of-{name}", sealed="sealed", now=NOW, about={"tenant": "default"})


def test_a_state_is_believed_once(stores: Stores) -> None:
    """Of many who bring it at once one gets what was noted; and then nothing that is secret is kept."""
    begin(stores)
    begin(stores, "other")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: stores.connections.claim("of-c", now=NOW), range(8)))
    (claimed,) = [one for one in found if one is not None]
    assert (claimed["_id"], claimed["sealed"], claimed["tenant"]) == ("c", "sealed", "default")
    (document,) = stores.db["connections"].find({"_id": "c"})
    assert document.keys() == {"_id", "state", "begun_at", "ended_at", "tenant"}
    stores.connections.end("c", now=NOW, became={"state": "connected", "credential": "user-1"})
    stored = stores.connections.get("c")
    assert stored is not None
    assert (stored["state"], stored["credential"], stored["ended_at"]) == ("connected", "user-1", NOW)


def test_a_state_is_believed_for_ten_minutes(stores: Stores) -> None:
    """After that it is no one's; what is asked of it shows no secret."""
    begin(stores)
    assert stores.connections.claim("of-c", now=NOW + VALID) is None
    assert stores.connections.claim("of-nobody", now=NOW) is None
    shown = stores.connections.get("c")
    assert shown is not None
    assert not {"sealed", "state_digest"} & shown.keys()
    assert stores.connections.claim("of-c", now=NOW + VALID - timedelta(seconds=1)) is not None
    assert stores.connections.get("none") is None
