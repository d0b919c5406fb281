"""What happens to data gets into the feeds of those it concerns, on real servers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from scheduler.feeding import AT_ONCE, Feeding
from shared.domain.coverage.gaps import Gap, GapReason, GapState
from shared.domain.feed import EventType
from shared.domain.models import PostState, WorkClass
from shared.domain.sources import TRACKED, Source, SourceKind, Terms, key_of
from shared.domain.states import By, Word
from shared.services.attributing import audience_for
from shared.services.bootstrap import Services
from shared.services.storing import store_page
from shared.stores.database import Db
from tests.workers.world import Simulator

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ALL = frozenset(EventType)


def mention(db: Db, *post_ids: int, tenant: str = "default") -> None:
    """Mentions as a page leaves them."""
    db["mentions"].insert_many(
        [
            {
                "_id": f"{tenant}:x:{post_id}",
                "tenant_id": tenant,
                "external_id": str(post_id),
                "platform": "x",
                "unfed": NOW + timedelta(milliseconds=post_id),
            }
            for post_id in post_ids
        ]
    )


def told(services: Services, tenant: str = "default") -> list[tuple[str, str]]:
    """The feed of a tenant, type and subject, whose numbers have no holes."""
    found = services.stores.feed.after(tenant, 0, types=ALL, limit=5_000)
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    return [(one.event.type.value, one.event.subject) for one in found]


def test_a_post_is_told_to_each_tenant_that_it_concerns(services: Services, db: Db) -> None:
    """In the order in which posts came, once, however often the leader looks."""
    mention(db, 3, 1, 2)
    mention(db, 2, tenant="acme")
    feeding = Feeding(services)
    for _ in range(2):
        feeding.run_once(NOW)
    assert told(services) == [("post.created", "1"), ("post.created", "2"), ("post.created", "3")]
    assert told(services, "acme") == [("post.created", "2")]
    assert db["mentions"].count_documents({"unfed": {"$exists": True}}) == 0


def test_a_look_enters_so_many_and_the_next_one_goes_on(services: Services, db: Db) -> None:
    """What a look does has a bound, whatever waits."""
    mention(db, *range(1, AT_ONCE + 11))
    Feeding(services).run_once(NOW)
    assert len(told(services)) == AT_ONCE
    Feeding(services).run_once(NOW)
    assert [subject for _, subject in told(services)] == [str(number) for number in range(1, AT_ONCE + 11)]


def test_a_leader_that_ends_in_the_middle_tells_nothing_twice(services: Services, db: Db) -> None:
    """Entered and not cleared: the next leader knows what is there by its id."""
    mention(db, 1, 2)
    cleared, services.stores.feed.clear = services.stores.feed.clear, lambda *_, **__: None  # type: ignore[method-assign]
    Feeding(services).run_once(NOW)
    services.stores.feed.clear = cleared  # type: ignore[method-assign]
    mention(db, 3)
    Feeding(services).run_once(NOW)
    assert [subject for _, subject in told(services)] == ["1", "2", "3"]


def test_a_post_that_is_gone_is_told_to_whom_it_was_told(services: Services, db: Db) -> None:
    """With X's word and when it was learned; gone again after it was back is another event."""
    mention(db, 1)
    mention(db, 1, tenant="acme")
    db["X_tweets"].insert_many([{"_id": "1", "described_at": NOW}, {"_id": "2", "described_at": NOW}])
    feeding = Feeding(services)
    for hours in (1, 2):
        word = Word(PostState.DELETED, NOW + timedelta(hours=hours), By.LOOKUP)
        at = NOW + timedelta(hours=hours)
        services.stores.fates.bury({1: word, 2: word}, now=at, purge_after=timedelta(hours=24))
        feeding.run_once(at)
        db["X_tweets"].update_many({}, {"$unset": {"gone": ""}})
    for tenant in ("default", "acme"):
        assert told(services, tenant) == [("post.created", "1"), ("post.gone", "1"), ("post.gone", "1")]
    (gone, _) = services.stores.feed.after("acme", 1, types=ALL, limit=5)
    assert gone.event.data["reason"] == "deleted"


def test_an_edit_is_told_once(services: Services, db: Db) -> None:
    """Of the version that has a later one now; to see the same versions again is no news."""
    mention(db, 1, 2)
    db["X_tweets"].insert_many([{"_id": "1"}, {"_id": "2"}])
    feeding = Feeding(services)
    for minutes in range(2):
        services.stores.fates.link_versions([[1, 2]], now=NOW + timedelta(minutes=minutes))
        feeding.run_once(NOW + timedelta(minutes=minutes))
    assert told(services)[2:] == [("post.edited", "1")]
    (edited,) = services.stores.feed.after("default", 2, types=ALL, limit=5)
    assert edited.event.data == {"superseded_by": "2"}


def test_a_gap_is_told_to_those_whose_sources_it_concerns(services: Services, db: Db) -> None:
    """When it is noted and when it is filled, with the sources of that tenant and no others."""
    stores = services.stores
    for name, tenant in (("floods", "default"), ("rivals", "acme")):
        source = Source(id=name, name=name, kind=SourceKind.TERMS, terms=Terms(keywords=("a",)), tenant=tenant)
        stores.sources.add(source, now=NOW)
    stores.handles.activate(["nasa"], now=NOW, source="rivals")
    gap = Gap(
        id="g",
        stream="s",
        members=(key_of("floods"), "nasa"),
        from_at=NOW - timedelta(hours=1),
        to_at=NOW,
        reason=GapReason.PAGE_LOST,
        noted_at=NOW,
        try_at=NOW,
    )
    feeding = Feeding(services)
    stores.gaps.note([gap])
    feeding.run_once(NOW)
    stores.gaps.note([gap])
    stores.gaps.end("g", GapState.FILLED, now=NOW + timedelta(minutes=1))
    feeding.run_once(NOW + timedelta(minutes=1))
    for tenant, sources in (("default", ["floods"]), ("acme", ["rivals"])):
        assert told(services, tenant) == [("coverage.gap", "g"), ("coverage.gap", "g")]
        found = stores.feed.after(tenant, 0, types=ALL, limit=5)
        assert [one.event.data["state"] for one in found] == ["open", "filled"]
        assert all(one.event.data["sources"] == sources for one in found)


def test_a_post_that_was_stored_is_in_the_feed(simulated: Services, simulator: Simulator) -> None:
    """Whatever a page of X brought is told once, and nothing else is."""
    stores, now = simulated.stores, datetime.now(UTC)
    names = [account["username"] for account in simulator.accounts()][:6]
    stores.sources.add_accounts(TRACKED, names, now=now)
    stores.handles.activate(names, now=now, source=TRACKED)
    query = " OR ".join(f"from:{name}" for name in names)
    page = simulated.x.search(WorkClass.SEARCH, query=query, expand_authors=True)
    audience = audience_for(simulated, [name.lower() for name in names])
    for _ in range(2):
        store_page(simulated, page, source="search", now=now, audience=audience)
        Feeding(simulated).run_once(now)
    mentioned = {one["external_id"] for one in stores.db["mentions"].find()}
    assert mentioned
    assert {subject for _, subject in told(simulated)} == mentioned
    assert len(told(simulated)) == len(mentioned)
