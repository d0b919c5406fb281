"""`audit` on a real MongoDB."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.domain.access import Actor, ActorKind
from shared.stores.bundle import Stores

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def actor(tenant: str = "default") -> Actor:
    """A person at a terminal."""
    return Actor(kind=ActorKind.CLI, id="ann", name="ann", tenant=tenant, scopes=frozenset())


def test_an_entry_is_there_before_the_act_and_has_its_outcome_after(stores: Stores) -> None:
    """What a process leaves that dies in between says begun; the first outcome counts."""
    entry = stores.trail.begin(actor(), "source.add", "floods", now=NOW, note="campaign")
    (begun,) = stores.trail.page(tenant="default", start=None, limit=5)
    assert (begun["outcome"], begun["after"], begun["note"]) == ("begun", None, "campaign")
    stores.trail.end(entry, "done", after={"id": "floods"})
    stores.trail.end(entry, "failed")
    (done,) = stores.trail.page(tenant="default", start=None, limit=5)
    assert (done["outcome"], done["after"]) == ("done", {"id": "floods"})


def test_pages_have_every_entry_once_also_of_one_moment(stores: Stores) -> None:
    """Entries of the same millisecond are told apart by their ids; each tenant has its own."""
    for number in range(7):
        stores.trail.begin(actor(), "a", str(number), now=NOW + timedelta(seconds=number // 4))
    stores.trail.begin(actor("acme"), "a", "other", now=NOW)
    seen: list[str] = []
    start = None
    while page := stores.trail.page(tenant="default", start=start, limit=2):
        seen += [one["target"] for one in page]
        start = (page[-1]["at"], page[-1]["_id"])
    assert sorted(seen) == [str(number) for number in range(7)]
    assert len(stores.trail.page(tenant=None, start=None, limit=50)) == 8
