"""Times decide what is stored, not the order of arrival; and what an answer leaves out is not erased."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from shared.domain.counts import PostMetrics
from shared.domain.engagement.next_reading import RefreshPolicy
from shared.domain.engagement.refresh import Reading, read_absence, read_counts
from shared.domain.models import Media, MediaType, Post, PostState, User
from shared.domain.states import By, Word
from shared.platforms.x.objects import post as parsed
from shared.services.bootstrap import Services
from tests.cases.pages import document
from tests.workers.world import NOW, post, post_id

MINUTE = timedelta(minutes=1)
ID = post_id(3600)
TIMES = (NOW, NOW + MINUTE, NOW + 2 * MINUTE)


def upsert(services: Services, raw: dict[str, Any], at: Any) -> None:
    """Store what X said of the post at that time, as a worker does whenever it arrives."""
    services.stores.posts.upsert([parsed(raw)], source="search", now=NOW + timedelta(hours=1), at=at)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_latest_answer_decides_in_whatever_order_they_come(services: Services, order: tuple[int, ...]) -> None:
    """Text, counts and what X sent are those of the last minute, and what only an earlier one said is there too."""
    answers = [
        post(ID, text="one", lang="en", public_metrics={"like_count": 1, "bookmark_count": 7}),
        post(ID, text="two", source="web", public_metrics={"like_count": 2, "quote_count": 5}),
        post(ID, text="three", public_metrics={"like_count": 3}),
    ]
    for number in order:
        upsert(services, answers[number], TIMES[number])

    stored = document(services, "X_tweets", ID)
    assert (stored["text"], stored["lang"], stored["source"], stored["described_at"]) == (
        "three",
        "en",
        "web",
        TIMES[2],
    )
    assert stored["public_metrics"] == {"like_count": 3, "quote_count": 5, "bookmark_count": 7}
    assert (stored["raw"]["text"], stored["raw"]["lang"], stored["raw"]["source"]) == ("three", "en", "web")


@pytest.mark.parametrize("left_out", ["lang", "entities", "author_id", "public_metrics", "note_tweet"])
def test_a_field_that_is_not_said_is_not_erased(services: Services, left_out: str) -> None:
    """Another endpoint gives fewer fields: what is known stays, in `raw` too."""
    more = {"lang": "en", "entities": {"urls": []}, "note_tweet": {"text": "long"}}
    upsert(services, post(ID, **more), TIMES[0])
    before = document(services, "X_tweets", ID)
    short = post(ID, **more)
    del short[left_out]
    upsert(services, short, TIMES[1])

    after = document(services, "X_tweets", ID)
    assert after["raw"] == before["raw"]
    for name in ("lang", "entities", "author_id", "public_metrics"):
        assert after.get(name) == before.get(name)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_accounts_and_media_too(services: Services, order: tuple[int, ...]) -> None:
    """A name, a biography, an address: the latest that was said."""
    users = (
        User(id=7, username="old", name="Old", description="bio", location="Earth", public_metrics={"a": 1, "b": 1}),
        User(id=7, username="new", name="", description="", public_metrics={"a": 2}),
    )
    media = (
        Media(key="3_1", type=MediaType.PHOTO, url="old", alt_text="alt", raw={"x": 1, "y": 1}),
        Media(key="3_1", type=MediaType.PHOTO, url="new", raw={"x": 2}),
    )
    for number in order:
        services.stores.users.upsert([users[number]], now=TIMES[number])
        services.stores.media.upsert([media[number]], at=TIMES[number])

    user, medium = document(services, "X_users", 7), document(services, "X_media", "3_1")
    assert (user["username"], user["name"], user["public_metrics"]) == ("new", "Old", {"a": 2, "b": 1})
    assert user["bio_snapshot"] == {"description": "", "location": "Earth"}
    assert user["last_updated_at"] == TIMES[1]
    assert (medium["url"], medium["alt_text"], medium["raw"]) == ("new", "alt", {"x": 2, "y": 1})
    assert medium["download"]["status"] == "pending"


@pytest.mark.parametrize("late_by", [MINUTE, timedelta(seconds=1)])
def test_a_late_answer_does_not_bring_a_post_back(services: Services, late_by: timedelta) -> None:
    """X said that it is gone after the answer was made; a later answer with it does bring it back."""
    upsert(services, post(ID), NOW - 2 * MINUTE)
    word = Word(PostState.DELETED, NOW, By.LOOKUP)
    services.stores.fates.bury({ID: word}, now=NOW, purge_after=MINUTE)

    upsert(services, post(ID), NOW - late_by)
    assert document(services, "X_tweets", ID)["gone"]["reason"] == "deleted"
    upsert(services, post(ID), NOW + late_by)
    assert "gone" not in document(services, "X_tweets", ID)


def _counts(likes: int) -> Callable[[Any, Any], Reading]:
    return lambda before, now: read_counts(before, PostMetrics(like_count=likes), now=now, policy=RefreshPolicy())


def _gone(before: Any, now: Any) -> Reading:
    return read_absence(before, PostState.DELETED, now=now, policy=RefreshPolicy(gone_confirm=timedelta(0)))


@pytest.mark.parametrize("late", [_counts(5), _gone], ids=["counts", "gone"])
def test_a_late_reading_leaves_the_state_of_the_later_one(
    services: Services, late: Callable[[Any, Any], Reading]
) -> None:
    """Its counts become a snapshot of their own time; state, tier and next reading stay."""
    store = services.stores.engagement
    store.begin([Post(id=ID, text="", created_at=NOW - timedelta(hours=1))], now=NOW)
    begun = store.load("", [ID])[0][ID]
    store.answer("later", [_counts(9)(begun, NOW + 5 * MINUTE)])
    after = document(services, "X_engagement", ID)

    store.answer("late", [late(begun, NOW + MINUTE)])  # computed from what was known before
    store.answer("late too", [late(store.load("", [ID])[0][ID], NOW + 2 * MINUTE)])

    state = document(services, "X_engagement", ID)
    for name in ("metrics", "read_at", "state", "tier", "next_refresh_at", "gone_reports"):
        assert state[name] == after[name]
    assert (state["answered_claim"], state["readings"]) == ("late too", 3)
    assert services.stores.db["X_engagement_history"].count_documents({}) == (3 if late is not _gone else 1)
