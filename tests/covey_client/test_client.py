"""The client, sync and async, against a real server; and against servers that fail."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from typing import Any

import pytest

from covey_client import ApiError, AsyncCovey, CannotReach, Covey, calls
from shared.domain.access import Scope
from shared.domain.feed import Event, EventType, event_id
from tests.control.http.conftest import Api

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
def covey(api: Api) -> Iterator[Covey]:
    """A client that may do everything."""
    with Covey(api.url, token=api.admin) as client:
        yield client


@contextmanager
def answering(*answers: tuple[int, dict[str, str]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server that gives these answers, one after another, and notes what it was asked."""
    left, asked = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append({"method": self.command, "path": self.path, "key": self.headers.get("Idempotency-Key")})
            status, headers = left.pop(0)
            if status == 0:  # the connection ends in the middle
                self.close_connection = True
                return
            body = json.dumps({"type": "https://x/y/odd", "detail": "d", "name": "n"}).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _answer  # noqa: N815  # as the standard library calls them

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two tries."""
    monkeypatch.setattr(calls, "FIRST_WAIT_SECONDS", 0.01)


def test_what_is_asked_is_answered_typed(covey: Covey, api: Api) -> None:
    """By subject and name, as the description has them."""
    made = covey.access.create_token({"name": "ci", "scopes": ["read"]})
    assert made["scopes"] == ["read"]
    with Covey(api.url, token=made["token"]) as reader:
        assert reader.access.me()["name"] == "ci"
        with pytest.raises(ApiError) as refused:
            reader.access.list_tokens()
    assert (refused.value.status, refused.value.kind) == (403, "forbidden")
    assert refused.value.request_id
    assert covey.access.revoke_token(made["id"])["state"] == "revoked"


def test_pages_are_turned_by_themselves(covey: Covey) -> None:
    """Every row once, however small the pages."""
    for number in range(5):
        covey.access.create_token({"name": f"t{number}", "scopes": ["read"]})
    rows = list(covey.access.iter_audit(limit=2))
    assert len({row["id"] for row in rows}) == len(rows) == 6


def test_the_feed_is_followed_from_a_cursor(covey: Covey, api: Api) -> None:
    """What is there, and what comes while one waits."""
    store = api.services.stores.feed

    def enter(*numbers: int) -> None:
        kind = EventType.POST_CREATED
        store.append(
            "default",
            [
                Event(id=event_id(kind, "default", str(n)), tenant="default", type=kind, subject=str(n), at=NOW)
                for n in numbers
            ],
            now=NOW,
        )

    enter(1, 2)
    timer = threading.Timer(0.5, enter, (3,))
    timer.start()
    assert [event["cursor"] for event in islice(covey.follow(after="1"), 2)] == ["2", "3"]
    timer.join()


def test_the_same_can_be_awaited(api: Api) -> None:
    """Calls, pages and errors."""

    async def work() -> tuple[str, int]:
        async with AsyncCovey(api.url, token=api.admin) as client:
            name = (await client.access.me())["name"]
            await client.access.create_token({"name": "a", "scopes": ["read"]})
            with pytest.raises(ApiError):
                await client.access.revoke_token("nothing")
            return name, len([row async for row in client.access.iter_audit(limit=1)])

    assert asyncio.run(work()) == ("test", 2)


def test_a_passing_fault_is_tried_again_with_the_same_key() -> None:
    """503 and 429 heed Retry-After; a lost answer to a POST is asked for again under its key."""
    with answering((503, {}), (429, {"Retry-After": "0"}), (0, {}), (200, {})) as (url, asked):
        with Covey(url, token="cvy_x") as client:
            assert client.access.create_token({"name": "a", "scopes": ["read"]})["name"] == "n"
        assert len({one["key"] for one in asked}) == 1
        assert len(asked) == 4
        assert asked[0]["key"] is not None


def test_what_would_end_the_same_is_not_tried_again() -> None:
    """A wrong request is one request; so is one that has to wait for longer than anybody does."""
    for status, headers in ((422, {}), (500, {}), (503, {"Retry-After": "3600"})):
        with answering((status, headers)) as (url, asked), Covey(url, token="cvy_x") as client:
            with pytest.raises(ApiError) as refused:
                client.access.me()
            assert (refused.value.status, refused.value.kind, len(asked)) == (status, "odd", 1)


def test_nobody_there_is_said_after_all_tries(api: Api) -> None:
    """With what was asked, and never with the token."""
    with Covey("http://127.0.0.1:9", token="cvy_secret") as client, pytest.raises(CannotReach) as found:
        client.access.me()
    assert "/v1/me" in str(found.value)
    assert "secret" not in str(found.value)


@pytest.mark.parametrize("word", ["a/b", "..", "%2e", "é ?"])
def test_what_stands_in_a_path_cannot_lead_elsewhere(covey: Covey, word: str) -> None:
    """It is one part of the path, whatever it is."""
    with pytest.raises(ApiError) as refused:
        covey.access.revoke_token(word)
    assert refused.value.status in (404, 405)


def test_a_client_needs_the_scope_that_a_call_has(api: Api, serve: Callable[..., Api]) -> None:
    """The feed asks for `stream`."""
    with Covey(api.url, token=api.token([Scope.READ])) as client, pytest.raises(ApiError) as refused:
        client.feed.read()
    assert refused.value.problem["scope"] == "stream"
