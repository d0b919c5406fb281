"""`endpoints` and `deliveries` on a real MongoDB."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.deliveries import LEASE, Endpoint, Outcome, Pending, State, Why
from shared.domain.feed import Event, EventType, event_id
from shared.stores.bundle import Stores
from shared.stores.database import Db
from tests.shared.domain.test_deliveries import endpoint
from tests.shared.stores.conftest import at_once, looked_at

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def add(stores: Stores, name: str, **changes: object) -> Endpoint:
    """Keep an endpoint."""
    one = replace(endpoint(0), id=name, **changes)  # type: ignore[arg-type]
    stores.endpoints.add(one, sealed=f"sealed-{name}")
    return one


def test_what_is_kept_is_what_was_given(stores: Stores) -> None:
    """Every field, with types and without; what opens it comes by itself alone."""
    some = add(
        stores, "a", types=frozenset({EventType.GAP}), pending=Pending(1, 9, 3), state=State.DISABLED, why=Why.GONE
    )
    assert stores.endpoints.get("a") == some
    assert stores.endpoints.get("a", tenant="acme") is None
    assert stores.endpoints.sealed("a") == "sealed-a"
    assert stores.endpoints.get("b") is None


def test_who_is_woken_is_due_until_all_was_read(stores: Stores) -> None:
    """Woken for more while it was being sent to, it stays due: nothing that came is forgotten."""
    add(stores, "a")
    stores.endpoints.wake({"default": 5, "acme": 9}, now=NOW)
    stores.endpoints.wake({"default": 5}, now=NOW + SECOND)
    assert stores.endpoints.due(now=NOW, limit=9) == ["a"]
    held = stores.endpoints.lease("a", "me", now=NOW)
    assert held is not None
    assert (held.head, held.due_at, held.waiting_since) == (5, NOW + LEASE, NOW)
    stores.endpoints.wake({"default": 6}, now=NOW)
    stores.endpoints.rest("a", "me", head=5, now=NOW)
    assert stores.endpoints.due(now=NOW, limit=9) == ["a"]
    assert stores.endpoints.lease("a", "me", now=NOW) is not None
    stores.endpoints.rest("a", "me", head=6, now=NOW)
    assert stores.endpoints.due(now=NOW + timedelta(days=9), limit=9) == []
    stores.endpoints.wake({"default": 7}, now=NOW)
    assert stores.endpoints.due(now=NOW, limit=9) == ["a"]


def test_one_of_many_takes_the_lease(stores: Stores) -> None:
    """The others have nothing, until it ends; and who lost it writes nothing."""
    add(stores, "a", due_at=NOW)
    taken = at_once(8, lambda number: stores.endpoints.lease("a", f"h{number}", now=NOW) is not None)
    assert sum(taken) == 1
    holder = f"h{taken.index(True)}"
    assert stores.endpoints.lease("a", "late", now=NOW + LEASE) is not None
    sent = {"through": 3, "events": 3, "ms": 1, "fed_at": NOW, "now": NOW}
    assert not stores.endpoints.delivered("a", holder, **sent)  # type: ignore[arg-type]
    assert stores.endpoints.delivered("a", "late", **sent)  # type: ignore[arg-type]
    found = stores.endpoints.get("a")
    assert found is not None
    assert (found.cursor, found.counts) == (3, {"sent": 1, "events": 3})


def test_how_all_stand_is_told_in_one_look(stores: Stores) -> None:
    """Numbers behind, of all and of the worst, since when, and how many are disabled."""
    assert stores.endpoints.standing().active == 0
    add(stores, "a", head=10, cursor=4, waiting_since=NOW)
    add(stores, "b", head=10, cursor=9, waiting_since=NOW - SECOND)
    add(stores, "c", head=99, state=State.DISABLED, why=Why.GIVEN_UP)
    add(stores, "d", state=State.DISABLED, why=Why.ASKED)
    told = stores.endpoints.standing()
    assert (told.active, told.disabled, told.backlog, told.worst) == (2, 2, 7, 6)
    assert told.waiting_since == NOW - SECOND
    assert [one.id for one in stores.endpoints.given_up(limit=9)] == ["c"]


def test_who_is_due_is_found_by_an_index(stores: Stores, mongo_db: Db) -> None:
    """Of a hundred that wait for nothing none is looked at."""
    for number in range(100):
        add(stores, f"e{number}", tenant=f"t{number}")
    add(stores, "due", due_at=NOW)
    for plan in looked_at(mongo_db, lambda: stores.endpoints.due(now=NOW, limit=9)):
        assert plan["docsExamined"] <= 1
    for plan in looked_at(mongo_db, lambda: stores.endpoints.wake({"t1": 5}, now=NOW)):
        assert plan["docsExamined"] <= 1


def test_tries_are_counted_by_what_became_of_them(stores: Stores) -> None:
    """Those since a time, of one endpoint."""
    one = add(stores, "a")
    for number, outcome in enumerate((Outcome.DELIVERED, Outcome.DELIVERED, Outcome.RETRY)):
        stores.deliveries.add(one, {"at": NOW + number * SECOND, "outcome": outcome.value})
    found = stores.deliveries.since("a", NOW + SECOND)
    assert (found["delivered"], found["retry"], found["gone"]) == (1, 1, 0)
    assert stores.deliveries.since("b", NOW)["delivered"] == 0


@pytest.mark.parametrize(("seconds", "number"), [(-9, 2), (0, 2), (3, 4), (3.5, 5), (7, 8), (8, 9), (99, 9)])
def test_a_time_is_a_place_in_the_feed(stores: Stores, mongo_db: Db, seconds: float, number: int) -> None:
    """The number behind which all is that came from then on, also where the oldest are kept no longer."""
    for place in range(10):
        kind = EventType.POST_CREATED
        one = Event(id=event_id(kind, "default", str(place)), tenant="default", type=kind, subject=str(place), at=NOW)
        stores.feed.append("default", [one], now=NOW + (place - 1) * SECOND)
    mongo_db["feed"].delete_many({"number": {"$lte": 2}})
    mongo_db["feed"].delete_one({"number": 10})
    assert stores.feed.number_before("default", NOW + seconds * SECOND) == number
