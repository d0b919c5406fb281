"""Posts over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.access import Scope
from shared.domain.counts import PostMetrics
from shared.domain.mentions import Mention
from shared.domain.models import Media, MediaType, Post, PostState, Reference, ReferenceType, User
from shared.domain.states import By, Word
from shared.services.bootstrap import Services
from tests.control.http.conftest import Api, problem
from tests.workers.world import NOW, post_id

POST, REPLY, DEEPER, STRANGE = (post_id(600 - 60 * number) for number in range(4))
QUOTES = [post_id(300 - number) for number in range(5)]
QUOTED, REPLIED = ReferenceType.QUOTED, ReferenceType.REPLIED_TO


def mentioned(services: Services, tenant: str, ids: Sequence[int]) -> None:
    """Let posts be a tenant's."""
    rows = [
        Mention(
            tenant_id=tenant,
            sources=("moon",),
            platform="x",
            external_id=str(id_),
            url="u",
            content="c",
            published_at=NOW,
        )
        for id_ in ids
    ]
    services.stores.mentions.put(rows, now=NOW, at=NOW)


@pytest.fixture
def said(services: Services) -> Services:
    """A post with a video, five quotes of it, of which one is another tenant's, and three replies, of which the second
    is that one's too.
    """
    stores, now = services.stores, services.clock.now()

    def of(id_: int, *references: Reference) -> Post:
        media = {"media_keys": ["7_1"]} if id_ == POST else {}
        counts = PostMetrics(like_count=1, quote_count=12, reply_count=1) if id_ == POST else None
        return Post(
            id=id_,
            text=f"say {id_}",
            author_id=7,
            created_at=NOW - timedelta(seconds=5) if id_ in QUOTES else NOW,
            conversation_id=POST,
            references=references,
            metrics=counts,
            attachments=media,
            lang="en",
        )

    replies = [of(REPLY, Reference(REPLIED, POST)), of(DEEPER, Reference(REPLIED, REPLY))]
    replies.append(of(STRANGE, Reference(REPLIED, DEEPER)))
    quotes = [of(id_, Reference(QUOTED, POST)) for id_ in QUOTES]
    stores.posts.upsert([of(POST), *replies, *quotes], source="search", now=now)
    stores.users.upsert([User(id=7, username="NASA")], now=now)
    stores.media.upsert([Media(key="7_1", type=MediaType.VIDEO, width=640)], at=now)
    stores.engagement.begin([replace(of(POST), metrics=PostMetrics(like_count=1))], now=now)
    stores.db["X_engagement_history"].insert_one(
        {
            "_id": f"{POST}:1",
            "post_id": str(POST),
            "at": now + timedelta(hours=1),
            "metrics": {"like_count": 5},
            "deltas": {"like_count": 4},
            "velocity": 4.0,
            "tier": "hot",
        }
    )
    mentioned(services, "default", [POST, REPLY, STRANGE, *QUOTES[:4]])
    mentioned(services, "other", [POST, DEEPER, QUOTES[4]])
    return services


def test_a_post_has_its_series_and_what_is_around_it(said: Services, api: Api) -> None:
    """Counts as they were read, each reading with its differences, the estimate beside them, what is missing, files."""
    found = api.get(f"/v1/tweets/{POST}").json()

    assert (found["id"], found["author"], found["text"]) == (str(POST), "NASA", f"say {POST}")
    assert found["counts"] | {"like_count": 1, "quote_count": 12, "repost_count": None} == found["counts"]
    assert [(one["like_count"], one["like_count_delta"], one["velocity"]) for one in found["curve"]] == [
        (1, None, 0.0),
        (5, 4, 4.0),
    ]
    assert found["is_curve_cut"] is False
    assert found["estimate"]["low"] <= found["estimate"]["acts"] <= found["estimate"]["high"]
    assert found["around"] == {
        "quotes": {"stored": 4, "is_capped": False, "counted": 12, "missing": 8},
        "replies": {"stored": 1, "is_capped": False, "counted": 1, "missing": 0},
    }
    assert [(one["id"], one["type"], one["status"]) for one in found["media"]] == [("7_1", "video", "pending")]
    assert found["state"]["state"] == "alive"
    assert found["next"]["next_reading_at"] is not None
    assert api.get(f"/v1/tweets/{POST}/media").json() == found["media"]


def test_a_refresh_is_previewed(said: Services, api: Api) -> None:
    """State, when and why it is due, and the price; of one that is not followed, that it is not."""
    found = api.get(f"/v1/tweets/{POST}/refresh").json()

    assert (found["is_followed"], found["state"], found["refresh_usd"]) == (True, "alive", 0.0)
    assert found["next_reading_at"] is not None
    assert found["why"]
    lost = api.get(f"/v1/tweets/{REPLY}/refresh").json()
    assert (lost["is_followed"], lost["refresh_usd"], lost["next_reading_at"]) == (False, 0.005, None)


def test_a_thread_is_a_tree_of_the_tenants_posts(said: Services, api: Api) -> None:
    """What another tenant has collected of it has its place, and no words."""
    found = api.get(f"/v1/tweets/{STRANGE}/thread").json()

    told = [(one["id"], one["depth"], one["is_stored"]) for one in found["data"]]
    own = [(str(POST), 0, True), (str(REPLY), 1, True)]
    strangers = [(str(DEEPER), 0, False), (str(STRANGE), 1, True)]
    assert [one for one in told if one[0] in {str(POST), str(REPLY)}] == own
    assert [one for one in told if one[0] in {str(DEEPER), str(STRANGE)}] == strangers
    assert found["is_cut"] is False
    cut = api.get(f"/v1/tweets/{STRANGE}/thread?limit=1").json()
    assert (len(cut["data"]), cut["is_cut"]) == (1, True)


def test_quotes_come_page_by_page(said: Services, api: Api) -> None:
    """Each of the tenant once, also those of one moment, and none of another tenant."""
    seen, path = [], f"/v1/tweets/{POST}/quotes?limit=2"
    while path:
        answer = api.get(path)
        seen += answer.json()["data"]
        path = answer.links.get("next", {}).get("url", "")
    assert [one["id"] for one in seen] == sorted(map(str, QUOTES[:4]), reverse=True)
    assert seen[0] | {"author": "NASA", "language": "en", "state": "alive"} == seen[0]


def test_a_post_that_is_gone_says_so(said: Services, api: Api) -> None:
    """With what was learned of it; its counts and its curve stay."""
    word = Word(PostState.DELETED, said.clock.now(), By.COMPLIANCE, "deactivated")
    said.stores.fates.bury({POST: word}, now=said.clock.now(), purge_after=timedelta(0))
    said.stores.fates.purge(said.stores.fates.to_purge(now=said.clock.now(), limit=10), now=said.clock.now())

    found = api.get(f"/v1/tweets/{POST}").json()

    assert (found["text"], found["media"], found["state"]["state"]) == ("", [], "deleted")
    assert (found["state"]["by"], found["state"]["said"]) == ("compliance", "deactivated")
    assert len(found["curve"]) == 2


@pytest.mark.parametrize("part", ["", "/refresh", "/thread", "/quotes", "/media"])
def test_a_post_of_another_tenant_is_not_there(said: Services, api: Api, part: str) -> None:
    """404, as of one that nobody has, and of one that X could not have made."""
    token = api.token([Scope.READ], tenant="stranger")
    assert api.get(f"/v1/tweets/{POST}{part}").status_code == 200
    problem(api.get(f"/v1/tweets/{POST}{part}", token=token), 404, "not-found")
    problem(api.get(f"/v1/tweets/{'9' * 20}{part}"), 404, "not-found")
    problem(api.get(f"/v1/tweets/{DEEPER}{part}"), 404, "not-found")
    problem(api.get(f"/v1/tweets/nasa{part}"), 422, "invalid-input")
