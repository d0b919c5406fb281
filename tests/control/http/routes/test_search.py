"""Search over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.domain.access import Scope
from shared.domain.mentions import Mention
from shared.domain.models import Post, PostState, User
from shared.domain.sources import Source, SourceKind, Terms
from shared.domain.states import By, Word
from shared.services.bootstrap import Services
from tests.control.http.conftest import Api, problem
from tests.workers.world import NOW

TEXTS = ("The Moon rises", "a moon over Köln", "sunset", "moon and sun", "NASA: Moon!", "gone moon")


@pytest.fixture
def stored(services: Services) -> Services:
    """Six posts, one a minute, the sixth of which is deleted; another tenant has one more."""
    now, stores = services.clock.now(), services.stores
    for id_, tenant in (("moon", "default"), ("sun", "default"), ("mars", "other")):
        terms = Terms(keywords=(id_,))
        stores.sources.add(Source(id=id_, name=id_, kind=SourceKind.TERMS, terms=terms, tenant=tenant), now=now)

    def made(number: int) -> Any:
        return NOW - number * timedelta(minutes=1)

    given = [("default", number, text) for number, text in enumerate(TEXTS)] + [("other", 6, "the moon of others")]
    posts = [
        Post(id=100 + n, text=text, author_id=7 + n % 2, created_at=made(n), lang="de" if n == 1 else "en")
        for _, n, text in given
    ]
    stores.posts.upsert(posts, source="search", now=now)
    stores.users.upsert([User(id=7, username="NASA"), User(id=8, username="esa")], now=now)
    stores.mentions.put(
        [
            Mention(
                tenant_id=tenant,
                sources=("mars",) if tenant == "other" else ("moon", "sun") if "sun" in text else ("moon",),
                platform="x",
                external_id=str(100 + n),
                url="u",
                content=text,
                author_id=str(7 + n % 2),
                author_handle=("NASA", "esa")[n % 2],
                published_at=made(n),
                language="de" if n == 1 else "en",
            )
            for tenant, n, text in given
        ],
        now=now,
        at=now,
    )
    stores.fates.bury({105: Word(PostState.DELETED, now, By.LOOKUP)}, now=now, purge_after=timedelta(hours=1))
    return services


def found(api: Api, **filters: Any) -> list[int]:
    """Which are found, by their number."""
    answer = api.get("/v1/tweets", params=filters)
    assert answer.status_code == 200, answer.text
    return [int(one["id"]) - 100 for one in answer.json()["data"]]


def test_posts_are_found_by_what_is_wanted(stored: Services, api: Api) -> None:
    """By words, source, account, language, state, status and time, and by several of them."""
    assert found(api) == [0, 1, 2, 3, 4, 5]
    assert found(api, text="moon") == [0, 1, 3, 4, 5]
    assert found(api, text="MOON sun") == [3]
    assert found(api, text="köln") == [1]
    assert found(api, text="mo.n") == []
    assert found(api, source="sun") == [2, 3]
    assert found(api, account="@esa") == [1, 3, 5]
    assert found(api, language="de") == [1]
    assert found(api, state="deleted") == [5]
    assert found(api, state="alive", text="moon", account="NASA") == [0, 4]
    assert found(api, status="muted") == []
    assert found(api, **{"from": (NOW - timedelta(minutes=2)).isoformat()}) == [0, 1, 2]


def test_a_hit_says_what_it_is_to_the_tenant(stored: Services, api: Api) -> None:
    """The post as it is stored, its state, its mention."""
    (hit,) = api.get("/v1/tweets?text=gone").json()["data"]

    assert hit | {"author": "esa", "text": "gone moon", "state": "deleted", "sources": ["moon"]} == hit
    assert (hit["mention_id"], hit["status"], hit["language"]) == ("default:x:105", "new", "en")


def test_hits_come_page_by_page(stored: Services, api: Api) -> None:
    """Each once; the Link header leads on with the same filters."""
    seen, path = [], "/v1/tweets?limit=2&text=moon"
    while path:
        answer = api.get(path)
        assert answer.json()["facets"] is None
        seen += [int(one["id"]) - 100 for one in answer.json()["data"]]
        path = answer.links.get("next", {}).get("url", "")
    assert seen == [0, 1, 3, 4, 5]


def test_facets_say_how_many_have_each_value(stored: Services, api: Api) -> None:
    """Of what fits; a count stops at a thousand, and says so."""
    told = api.get("/v1/tweets?text=moon&facets=true").json()["facets"]

    assert told["language"] == [
        {"value": "en", "count": 4, "capped": False},
        {"value": "de", "count": 1, "capped": False},
    ]
    assert {one["value"]: one["count"] for one in told["author"]} == {"NASA": 2, "esa": 3}
    assert {one["value"]: one["count"] for one in told["source"]} == {"moon": 5, "sun": 1}
    assert told["status"] == [{"value": "new", "count": 5, "capped": False}]
    assert told["searched_to"] is None

    row = stored.stores.db["mentions"].find_one({"_id": "default:x:100"}) or {}
    many = ({**row, "_id": f"default:x:{n}", "external_id": str(n)} for n in range(10_000, 11_000))
    stored.stores.db["mentions"].insert_many(many)
    told = api.get("/v1/tweets?facets=true").json()["facets"]
    assert told["language"][0] == {"value": "en", "count": 1_000, "capped": True}


def test_another_tenants_posts_are_not_found(stored: Services, api: Api) -> None:
    """Neither by words nor by its source."""
    token = api.token([Scope.READ], tenant="other")

    assert [one["id"] for one in api.get("/v1/tweets?text=moon", token=token).json()["data"]] == ["106"]
    problem(api.get("/v1/tweets?source=moon", token=token), 422, "invalid-input")
    problem(api.get("/v1/tweets?source=mars"), 422, "invalid-input")
    problem(api.get("/v1/tweets", params={"text": "w " * 11}), 422, "invalid-input")
    assert found(api, text="a\0b") == []
