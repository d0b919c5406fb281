"""The feed over HTTP, in all its shapes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
import requests

from control.http.routes import feed as route
from shared.domain.access import Scope
from shared.domain.feed import Event, EventType, event_id
from tests.control.http.conftest import Api, problem

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def enter(api: Api, *numbers: int, tenant: str = "default", kind: EventType = EventType.POST_CREATED) -> None:
    """Enter events, with the mentions that they tell of."""
    mentions = api.services.stores.db["mentions"]
    for number in numbers:
        id_ = f"{tenant}:x:{number}"
        row = {"tenant_id": tenant, "external_id": str(number), "platform": "x", "content": f"text {number}"}
        mentions.update_one({"_id": id_}, {"$set": row}, upsert=True)
    events = [
        Event(id=event_id(kind, tenant, str(one)), tenant=tenant, type=kind, subject=str(one), at=NOW)
        for one in numbers
    ]
    api.services.stores.feed.append(tenant, events, now=api.services.clock.now())


def test_pages_follow_one_another_without_a_gap(api: Api) -> None:
    """In order, each with its post; the cursor goes on also where nothing is new."""
    enter(api, 1, 2, 3, 4, 5)
    seen, cursor = [], None
    for _ in range(4):
        page = api.get("/v1/feed", params={"limit": 2, **({"after": cursor} if cursor else {})}).json()
        seen += [one["data"]["mention"]["content"] for one in page["data"]]
        cursor = page["next_cursor"]
    assert seen == [f"text {number}" for number in range(1, 6)]
    assert (page["data"], page["next_cursor"], page["has_more"]) == ([], "5", False)
    assert api.get("/v1/feed?after=now").json()["next_cursor"] == "5"


def test_a_tenant_reads_its_own_and_needs_the_scope(api: Api) -> None:
    """Another's events have other numbers, and are never seen."""
    enter(api, 1, 2)
    enter(api, 7, tenant="acme")
    theirs = api.get("/v1/feed", token=api.token([Scope.STREAM], tenant="acme")).json()
    assert [one["data"]["mention"]["content"] for one in theirs["data"]] == ["text 7"]
    problem(api.get("/v1/feed", token=api.token([Scope.READ])), 403, "forbidden")


def test_types_are_chosen_and_wrong_ones_named(api: Api) -> None:
    """Commas between; a word that is no type is an error that lists them."""
    enter(api, 1)
    enter(api, 1, kind=EventType.POST_GONE)
    kinds = [one["type"] for one in api.get("/v1/feed?types=post.gone,coverage.gap").json()["data"]]
    assert kinds == ["post.gone"]
    assert "post.created" in problem(api.get("/v1/feed?types=post.lost"), 422, "invalid-input")["detail"]


@pytest.mark.parametrize("cursor", ["-1", "x", "9", "1.0", "٣", "99999999999999999999"])
def test_a_cursor_that_was_never_given_is_refused(api: Api, cursor: str) -> None:
    """Also one that is ahead of all there is: it is of another Covey."""
    enter(api, 1)
    problem(api.get("/v1/feed", params={"after": cursor}), 422, "invalid-input")


def test_a_cursor_that_is_too_old_says_where_to_go_on(api: Api) -> None:
    """410 with the oldest cursor, from which all is there."""
    enter(api, 1, 2, 3)
    api.services.stores.db["feed"].delete_many({"number": {"$lte": 2}})
    told = problem(api.get("/v1/feed?after=1"), 410, "gone")
    assert told["oldest_cursor"] == "2"
    assert len(api.get("/v1/feed?after=2").json()["data"]) == 1


def test_what_was_purged_is_not_told(api: Api) -> None:
    """The feed has no text of its own: it is read where it stands, at that moment."""
    enter(api, 1)
    api.services.stores.db["mentions"].update_many({}, {"$set": {"content": None}})
    assert api.get("/v1/feed").json()["data"][0]["data"]["mention"]["content"] is None


def test_who_waits_is_answered_when_something_comes(api: Api) -> None:
    """A long poll ends with the event, long before its time."""
    timer = threading.Timer(0.5, enter, (api, 1))
    timer.start()
    answer = api.get("/v1/feed?wait=12&after=0")
    timer.join()
    assert [one["cursor"] for one in answer.json()["data"]] == ["1"]
    assert answer.elapsed < timedelta(seconds=10)


def lines(answer: requests.Response) -> Iterator[str]:
    """The lines of a stream as they come."""
    return (line.decode() for line in answer.iter_lines(chunk_size=1))


def test_lines_come_for_as_long_as_they_are_read(api: Api) -> None:
    """One event a line; what comes later comes on the same connection."""
    enter(api, 1, 2)
    with api.get("/v1/feed", headers={"Accept": "application/jsonl"}, stream=True) as answer:
        assert answer.headers["Content-Type"].startswith("application/jsonl")
        found = (json.loads(line) for line in lines(answer) if line)
        assert [one["cursor"] for one in islice(found, 2)] == ["1", "2"]
        enter(api, 3)
        assert next(found)["data"]["mention"]["content"] == "text 3"


def test_events_go_on_where_the_reader_was(api: Api) -> None:
    """As server-sent events: the id is the cursor, which a browser sends when it comes back."""
    enter(api, 1, 2, 3)
    headers = {"Accept": "text/event-stream", "Last-Event-ID": "1"}
    with api.get("/v1/feed", headers=headers, stream=True) as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        found = lines(answer)
        assert next(found) == "retry: 3000"
        ids = [line for line in islice(found, 9) if line.startswith("id: ")]
    assert ids == ["id: 2", "id: 3"]


def test_a_quiet_stream_shows_that_it_lives(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that says nothing, before a proxy takes the connection for dead."""
    monkeypatch.setattr(route, "HEARTBEAT_SECONDS", 0.2)
    with api.get("/v1/feed", headers={"Accept": "text/event-stream"}, stream=True) as answer:
        assert ": ping" in islice(lines(answer), 4)
