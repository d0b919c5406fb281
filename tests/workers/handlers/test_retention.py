"""Retention on a real MongoDB: what every source lets go leaves with all about it, the rest stays, a part at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from shared.domain.attribution import Concern, Why
from shared.domain.jobs import PurgeOld
from shared.domain.models import Post
from shared.domain.sources import Source, SourceKind, Terms
from shared.services.bootstrap import Services
from tests.workers.world import ScriptedX
from workers.handlers.retention import purge_old


def _source(services: Services, id_: str, days: int | None) -> None:
    one = Source(id=id_, name=id_, kind=SourceKind.TERMS, terms=Terms(keywords=("a",)), retention_days=days)
    assert services.stores.sources.add(one, now=services.clock.now())


def _post(services: Services, id_: int, days_ago: float, *sources: str) -> None:
    made = services.clock.now() - timedelta(days=days_ago)
    one = Post(id=id_, text="a", created_at=made, author_id=7)
    concerns = {id_: [Concern(source, f"+{source}", Why.TERM) for source in sources]}
    services.stores.posts.upsert([one], source="search", now=made, concerns=concerns)
    services.stores.engagement.begin([one], now=made)


def _left(services: Services) -> set[int]:
    posts = {int(one["_id"]) for one in services.stores.db["X_tweets"].find({}, {"_id": 1})}
    assert posts == {int(one["_id"]) for one in services.stores.db["X_engagement"].find({}, {"_id": 1})}
    return posts


def test_posts_leave_when_every_source_lets_them(services: Services) -> None:
    """Old ones of a short source go, shared ones only where the other source lets them go too."""
    _source(services, "short", 10)
    _source(services, "long", 30)
    _source(services, "ever", None)
    for id_, days, sources in (
        (1, 20, ["short"]),
        (2, 5, ["short"]),
        (3, 20, ["short", "long"]),
        (4, 40, ["short", "long"]),
        (5, 40, ["short", "ever"]),
        (6, 400, []),
    ):
        _post(services, id_, days, *sources)

    purge_old(services, PurgeOld())

    assert _left(services) == {2, 3, 5, 6}


def test_the_days_of_all_are_for_posts_of_no_source_too(make_services: Callable[..., Services], x: ScriptedX) -> None:
    """A source with more days keeps its own."""
    services = make_services(x.url, retention_days=30)
    _source(services, "long", 60)
    for id_, days, sources in ((1, 40, []), (2, 20, []), (3, 40, ["long"]), (4, 70, ["long"]), (5, 40, ["tracked"])):
        _post(services, id_, days, *sources)

    purge_old(services, PurgeOld())

    assert _left(services) == {2, 3}


def test_many_are_gone_through_part_by_part_and_late_ones_in_the_next_round(services: Services) -> None:
    """A job that meets posts that stay goes past them; what came later below them is found when it begins anew."""
    _source(services, "short", 10)
    _source(services, "ever", None)
    for id_ in range(1, 31):
        _post(services, id_, 100 - id_, *(["short", "ever"] if id_ % 2 else ["short"]))

    purge_old(services, PurgeOld(), batch=2)
    halfway = _left(services)
    _post(services, 99, 99.5, "short")
    for _ in range(4):
        purge_old(services, PurgeOld(), batch=2)

    assert len(halfway) > 15
    assert _left(services) == set(range(1, 31, 2))
