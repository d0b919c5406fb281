"""The API on a real socket: uvicorn on a thread of this process, real servers behind it, `requests` before it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
import requests
import uvicorn

from control import tokens
from control.http.__main__ import listen
from control.http.app import build
from control.trail import at_terminal
from shared.domain.access import Scope
from shared.domain.sources import DEFAULT_TENANT
from shared.services.bootstrap import Services
from tests.workers.world import eventually


class Api:
    """A client of the API. `admin` bears a token that may do everything in the usual tenant."""

    def __init__(self, url: str, services: Services, admin: str | None = None) -> None:
        self.url = url
        self.services = services
        self.admin = admin or self.token(Scope)

    def token(self, scopes: Iterable[Scope], *, tenant: str = DEFAULT_TENANT, days: float | None = None) -> str:
        """A new token."""
        made = tokens.create(
            self.services, at_terminal(), name="test", tenant=tenant, scopes=frozenset(scopes), days=days
        )
        return made.text

    def ask(
        self, method: str, path: str, *, token: str | None = "", headers: dict[str, str] | None = None, **more: Any
    ) -> requests.Response:
        """Ask as `admin`, as the bearer of another token, or (None) as nobody."""
        bearer = self.admin if token == "" else token
        shown = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
        return requests.request(method, f"{self.url}{path}", headers={**shown, **(headers or {})}, timeout=15, **more)

    def get(self, path: str, **more: Any) -> requests.Response:
        """GET."""
        return self.ask("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> requests.Response:
        """POST of JSON."""
        return self.ask("POST", path, json=body, **more) if body is not None else self.ask("POST", path, **more)


@pytest.fixture
def serve() -> Iterator[Callable[..., Api]]:
    """Serves an API on services until the end of the test. admin: a token that is there. The rest is as of `build`."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def begin(services: Services, *, admin: str | None = None, **options: float) -> Api:
        opened = listen("127.0.0.1", 0)
        config = uvicorn.Config(build(services, **options), log_config=None, access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]}, daemon=True)
        thread.start()
        running.append((server, thread))
        eventually(lambda: server.started)
        return Api(f"http://127.0.0.1:{opened.getsockname()[1]}", services, admin)

    yield begin
    for server, thread in running:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def api(serve: Callable[..., Api], services: Services) -> Api:
    """The API on the services of the test."""
    return serve(services)


def problem(answer: requests.Response, status: int, kind: str) -> dict[str, Any]:
    """The problem of an answer, which is one as RFC 9457 has them."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["type"].endswith(f"/{kind}"), body
    assert body["status"] == status
    assert {"title", "detail", "instance", "request_id"} <= body.keys()
    assert body["request_id"] == answer.headers["X-Request-ID"]
    return body
