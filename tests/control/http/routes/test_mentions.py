"""Mentions over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.domain.access import Scope
from shared.domain.mentions import Mention
from shared.domain.models import User
from shared.domain.sources import Source, SourceKind, Terms
from shared.services.bootstrap import Services
from tests.control.http.conftest import Api, problem
from tests.workers.world import NOW

HOUR = timedelta(hours=1)


@pytest.fixture
def stored(services: Services) -> Services:
    """Seven mentions of two sources, one an hour, of which two are of one moment; and one of another tenant."""
    now, stores = services.clock.now(), services.stores
    for id_, tenant in (("moon", "default"), ("sun", "default"), ("mars", "other")):
        terms = Terms(keywords=(id_,))
        stores.sources.add(Source(id=id_, name=id_, kind=SourceKind.TERMS, terms=terms, tenant=tenant), now=now)
    rows = [("default", number, ("moon", "sun")[number % 2]) for number in range(7)] + [("other", 0, "mars")]
    stores.mentions.put(
        [
            Mention(
                tenant_id=tenant,
                sources=(source,),
                platform="x",
                external_id=str(100 + number),
                url="u",
                content=f"word {number}",
                author_id=str(number % 3),
                author_handle="NASA",
                published_at=NOW - max(number, 1) * HOUR,
                language="en" if number < 4 else "de",
            )
            for tenant, number, source in rows
        ],
        now=now,
        at=now,
    )
    stores.users.upsert([User(id=1, username="NASA"), User(id=2, username="esa")], now=now)
    stores.handles.activate(["nasa"], now=now)
    stores.handles.learn([User(id=1, username="NASA")], now=now)
    return services


def ids(api: Api, **filters: Any) -> list[int]:
    """Which are listed, by their number."""
    answer = api.get("/v1/mentions", params=filters)
    assert answer.status_code == 200, answer.text
    return [int(one["external_id"]) - 100 for one in answer.json()["data"]]


def test_mentions_are_listed_by_what_is_wanted(stored: Services, api: Api) -> None:
    """The newest first, each filter and several of them; a handle in any case where it is followed."""
    times = [(NOW - hours * HOUR).isoformat() for hours in (5, 3)]

    assert ids(api) == [1, 0, 2, 3, 4, 5, 6]
    assert ids(api, source="moon") == [0, 2, 4, 6]
    assert ids(api, language="de") == [4, 5, 6]
    assert ids(api, author="@nasa") == ids(api, author="NASA") == [1, 4]
    assert ids(api, author="esa") == [2, 5]
    assert ids(api, author="nobody") == []
    assert ids(api, **{"from": times[0], "to": times[1]}) == [4, 5]
    assert ids(api, source="moon", language="de", author="nasa") == [4]
    assert ids(api, status="seen") == []


def test_mentions_come_page_by_page(stored: Services, api: Api) -> None:
    """Each once, also those of one moment; the Link header leads on with the same filters."""
    seen, path = [], "/v1/mentions?limit=1&language=en"
    while path:
        answer = api.get(path)
        seen += [int(one["external_id"]) - 100 for one in answer.json()["data"]]
        assert answer.json()["searched_to"] is None
        path = answer.links.get("next", {}).get("url", "")
    assert seen == [1, 0, 2, 3]


def test_a_mention_is_shown_and_set(stored: Services, api: Api) -> None:
    """Its status is a person's; who set it, and what it was, is on the record."""
    path = "/v1/mentions/default:x:103"
    shown = api.get(path).json()
    assert (shown["status"], shown["author_handle"], shown["likes_count"]) == ("new", "NASA", None)

    done = api.ask("PATCH", path, json={"status": "handled"}, headers={"X-Covey-Note": "answered"})

    assert done.status_code == 200, done.text
    assert done.json() == shown | {"status": "handled", "updated_at": done.json()["updated_at"]}
    assert ids(api, status="handled") == [3]
    entry = api.get("/v1/audit?action=mention.status").json()["data"][0]
    assert (entry["target"], entry["before"], entry["after"]) == ("default:x:103", "new", "handled")
    assert (entry["note"], entry["outcome"]) == ("answered", "done")


def test_several_are_set_at_once(stored: Services, api: Api) -> None:
    """Each with what it was; what is not there, or another tenant's, changes nothing; one entry in the audit trail."""
    wanted = ["default:x:101", "other:x:100", "default:x:404", "default:x:102", "default:x:101"]

    done = api.post("/v1/mentions/status", {"ids": wanted, "status": "muted"})

    assert done.json() == [
        {"id": "default:x:101", "before": "new", "status": "muted"},
        {"id": "other:x:100", "before": None, "status": None},
        {"id": "default:x:404", "before": None, "status": None},
        {"id": "default:x:102", "before": "new", "status": "muted"},
    ]
    assert ids(api, status="muted") == [1, 2]
    assert stored.stores.mentions.by_id(["other:x:100"])["other:x:100"]["status"] == "new"
    (entry,) = api.get("/v1/audit?action=mention.status").json()["data"]
    assert entry["before"] == {"default:x:101": "new", "default:x:102": "new"}
    problem(api.post("/v1/mentions/status", {"ids": ["a"] * 501, "status": "seen"}), 422, "invalid-input")
    assert len(api.post("/v1/mentions/status", {"ids": [str(n) for n in range(500)], "status": "seen"}).json()) == 500


def test_another_tenants_mentions_are_not_there(stored: Services, api: Api) -> None:
    """Neither in lists nor by id, nor is its source; and nothing of it is changed."""
    token = api.token([Scope.READ, Scope.TRACK], tenant="other")

    found = api.get("/v1/mentions", token=token).json()["data"]
    assert [one["id"] for one in found] == ["other:x:100"]
    problem(api.get("/v1/mentions/default:x:101", token=token), 404, "not-found")
    changed = api.ask("PATCH", "/v1/mentions/default:x:101", json={"status": "seen"}, token=token)
    problem(changed, 404, "not-found")
    problem(api.get("/v1/mentions?source=moon", token=token), 422, "invalid-input")
    assert ids(api, status="seen") == []


@pytest.mark.parametrize(
    "query",
    [
        "status=old",
        "source=venus",
        "from=yesterday",
        "from=2026-01-01T00:00:00",
        "from=0001-01-01T00:00:00%2B23:00",
        "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
        "limit=201",
    ],
)
def test_what_cannot_be_wanted_is_refused(stored: Services, api: Api, query: str) -> None:
    """With the parameter that is wrong."""
    told = problem(api.get(f"/v1/mentions?{query}"), 422, "invalid-input")
    assert query.partition("=")[0] in told["detail"]
