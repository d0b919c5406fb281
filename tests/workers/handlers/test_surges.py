"""Posts that run away, on real servers: told of once a day, by the thresholds of their sources and by what is usual."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from shared.domain.attribution import Concern, Why
from shared.domain.counts import PostMetrics
from shared.domain.engagement.surges import Usual
from shared.domain.errors import StoreUnavailable
from shared.domain.jobs import RefreshEngagement
from shared.domain.models import Post
from shared.domain.sources import Source, SourceKind, Terms
from shared.services.bootstrap import Services
from tests.workers.world import ScriptedX, post, post_id, refusing
from workers.handlers.engagement import refresh_engagement

AGE_MINUTES = 40
A, B = post_id(AGE_MINUTES * 60), post_id(AGE_MINUTES * 60, 1)
BAND = 2  # of a post that is 15 to 60 minutes old
AUTHOR = 7


def know(services: Services, *ids: int, minutes_ago: float = 30, sources: tuple[str, ...] = ()) -> None:
    """The posts were found so long ago, without a like, for these sources."""
    now = services.clock.now()
    made_at = now - timedelta(minutes=AGE_MINUTES)
    posts = [
        Post(id=id_, text="", created_at=made_at, author_id=AUTHOR, metrics=PostMetrics(like_count=0)) for id_ in ids
    ]
    concerns = {id_: [Concern(source, f"+{source}", Why.TERM) for source in sources] for id_ in ids}
    services.stores.posts.upsert(posts, source="search", now=now, at=now - timedelta(minutes=1), concerns=concerns)
    services.stores.engagement.begin(posts, now=now, at=now - timedelta(minutes=minutes_ago))


def source(services: Services, id_: str, alert_velocity: int | None) -> None:
    """A source with a threshold of its own, or without."""
    one = Source(id=id_, name=id_, kind=SourceKind.TERMS, terms=Terms(keywords=("a",)), alert_velocity=alert_velocity)
    assert services.stores.sources.add(one, now=services.clock.now())


def usually(services: Services, velocity: float, posts: int = 50) -> None:
    """What is usual of the account of all these posts at their age."""
    services.stores.usual.learn({(AUTHOR, BAND): Usual(velocity, posts)}, now=services.clock.now())


def refresh(services: Services, x: ScriptedX, likes: dict[int, int], claim: str = "c1") -> None:
    """X tells these likes."""
    x.script = lambda asked: (200, {"data": [post(id_, public_metrics={"like_count": n}) for id_, n in likes.items()]})
    names = tuple(map(str, likes))
    services.stores.db["X_engagement"].update_many({"_id": {"$in": names}}, {"$set": {"claim_id": claim}})
    refresh_engagement(services, RefreshEngagement(claim_id=claim, post_ids=names))


def surges(services: Services) -> dict[int, dict[str, Any]]:
    """What was noted, by post."""
    return {int(one["post_id"]): one for one in services.stores.db["surges"].find()}


def alerts(why: str) -> float:
    """How many were counted."""
    return REGISTRY.get_sample_value("covey_post_alerts_total", {"why": why}) or 0.0


def test_a_fast_post_is_told_of_once_a_day(services: Services, x: ScriptedX) -> None:
    """300 likes in half an hour are above 500 an hour; however often it is read that day, it is one alert."""
    know(services, A, B)
    before = alerts("fast")

    refresh(services, x, {A: 300, B: 200})
    services.stores.db["X_engagement"].update_many({}, {"$unset": {"answered_claim": ""}})
    refresh(services, x, {A: 300, B: 200})
    know_earlier(services, A, minutes=5)
    refresh(services, x, {A: 900}, claim="c2")

    (found,) = surges(services).values()
    assert found["_id"] == f"{A}:{found['at']:%Y-%m-%d}"
    assert (found["post_id"], found["author_id"], found["why"], found["usual"]) == (str(A), "7", ["fast"], None)
    assert found["velocity"] == pytest.approx(600, rel=0.02)
    assert found["metrics"] == {"like_count": 300}
    assert alerts("fast") == before + 1


def know_earlier(services: Services, id_: int, minutes: float) -> None:
    """The last reading of a post was so much earlier than it was."""
    before = {"$dateSubtract": {"startDate": "$read_at", "unit": "second", "amount": round(minutes * 60)}}
    change = [{"$set": {"read_at": before, "base_at": before}}]
    services.stores.db["X_engagement"].update_one({"_id": str(id_)}, change)


def test_the_next_day_it_is_told_of_again(services: Services, x: ScriptedX) -> None:
    """What was noted yesterday is no alert of today."""
    know(services, A)
    refresh(services, x, {A: 300})
    (first,) = surges(services).values()
    db = services.stores.db
    db["surges"].delete_many({})
    yesterday = first["at"] - timedelta(days=1)
    db["surges"].insert_one({**first, "_id": f"{A}:{yesterday:%Y-%m-%d}", "at": yesterday})
    know_earlier(services, A, minutes=10)

    refresh(services, x, {A: 600}, claim="c2")

    assert db["surges"].count_documents({"post_id": str(A)}) == 2


def test_one_reading_or_two_at_once_are_no_alert(services: Services, x: ScriptedX) -> None:
    """A post that has 5000 likes when it is found was not seen to run; a minute between readings is too short."""
    know(services, A, minutes_ago=1)

    refresh(services, x, {A: 5000, B: 5000})

    assert surges(services) == {}


@pytest.mark.parametrize(
    ("sources", "is_told"),
    [(("low",), True), (("high",), False), (("high", "low"), True), (("high", "plain"), False), ((), False)],
)
def test_the_lowest_threshold_of_its_sources_counts(
    services: Services, x: ScriptedX, sources: tuple[str, ...], is_told: bool
) -> None:
    """100 likes in half an hour are 200 an hour: above 150, below 500 and 5000."""
    source(services, "low", 150)
    source(services, "high", 5000)
    source(services, "plain", None)
    know(services, A, sources=sources)

    refresh(services, x, {A: 100})

    assert [one["sources"] for one in surges(services).values()] == ([sorted(sources)] if is_told else [])


def test_a_source_may_ask_for_more_than_all_do(services: Services, x: ScriptedX) -> None:
    """300 likes in half an hour are above 500 an hour, and not above the 5000 of its only source."""
    source(services, "high", 5000)
    know(services, A, sources=("high",))

    refresh(services, x, {A: 300})

    assert surges(services) == {}


def test_a_removed_source_has_no_threshold(services: Services, x: ScriptedX) -> None:
    """Its posts are told of as all are."""
    source(services, "low", 150)
    services.stores.db["sources"].update_one({"_id": "low"}, {"$set": {"removed_at": services.clock.now()}})
    know(services, A, sources=("low",))

    refresh(services, x, {A: 100})

    assert surges(services) == {}


@pytest.mark.parametrize(("usual", "posts", "is_told"), [(30.0, 50, True), (70.0, 50, False), (30.0, 4, False)])
def test_a_post_that_is_unusual_of_its_account(
    services: Services, x: ScriptedX, usual: float, posts: int, is_told: bool
) -> None:
    """200 an hour are more than three times 30, not than three times 70; four posts are too few to know."""
    usually(services, usual, posts)
    know(services, A)
    before = alerts("unusual")

    refresh(services, x, {A: 100})

    assert [(one["why"], one["usual"]) for one in surges(services).values()] == [(["unusual"], usual)] * is_told
    assert alerts("unusual") == before + is_told


def test_what_is_usual_is_learned_from_each_post_once(services: Services, x: ScriptedX) -> None:
    """Two posts come into their band with 100 and 200 an hour; a later reading in the band counts no more."""
    know(services, A, B)

    refresh(services, x, {A: 50, B: 100})
    learned = services.stores.usual.of({AUTHOR})[AUTHOR, BAND]
    for one in (A, B):
        know_earlier(services, one, minutes=5)
    refresh(services, x, {A: 60, B: 130}, claim="c2")

    assert learned.posts == 2
    assert learned.velocity == pytest.approx(150, rel=0.02)
    assert services.stores.usual.of({AUTHOR})[AUTHOR, BAND] == learned


def test_nothing_is_told_nor_learned_where_both_are_off(make_services: Callable[..., Services], x: ScriptedX) -> None:
    """Thresholds of 0 are none."""
    services = make_services(x.url, alert_velocity=0, alert_times_usual=0)
    know(services, A)

    refresh(services, x, {A: 50_000})

    assert surges(services) == {}
    assert services.stores.db["X_usual"].count_documents({}) == 0


def test_a_refresh_that_could_not_note_it_notes_it_when_it_comes_again(services: Services, x: ScriptedX) -> None:
    """The claim is not answered before the alert is noted."""
    know(services, A)
    services.stores.db["surges"].insert_one({"_id": "there"})
    with refusing(services, "surges"), pytest.raises(StoreUnavailable):
        refresh(services, x, {A: 300})
    services.stores.db["surges"].delete_one({"_id": "there"})

    refresh(services, x, {A: 300})

    assert list(surges(services)) == [A]


def test_what_is_erased_takes_its_alerts_along(services: Services, x: ScriptedX) -> None:
    """No document of a deleted post is left, nor a letter about it."""
    know(services, A, B)
    refresh(services, x, {A: 300, B: 300})
    letters = [{"_id": one, "actor_args": [{"post_id": one, "day": "2026-11-28"}]} for one in (str(A), str(B))]
    services.stores.db["dead_letters"].insert_many(letters)

    deleted = services.stores.erasures.delete_posts([str(A)])

    assert (deleted["surges"], deleted["dead_letters"]) == (1, 1)
    assert list(surges(services)) == [B]
    assert [one["_id"] for one in services.stores.db["dead_letters"].find()] == [str(B)]


def test_a_post_that_is_not_there_hides_no_other(services: Services, x: ScriptedX) -> None:
    """X gives one of two posts: that one is told of."""
    know(services, A, B)
    x.script = lambda asked: (200, {"data": [post(A, public_metrics={"like_count": 300})]})
    services.stores.db["X_engagement"].update_many({}, {"$set": {"claim_id": "c1"}})

    refresh_engagement(services, RefreshEngagement(claim_id="c1", post_ids=(str(A), str(B))))

    assert list(surges(services)) == [A]
