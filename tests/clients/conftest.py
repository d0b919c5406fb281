"""A simulator in which only old posts still change, what a client must find there, and a way to lead it there."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.simulator.conftest import Server, start_server, stop_server

TOKEN = "sim-client"
X = "https://api.twitter.com"


class Detour(HTTPAdapter):
    """Leads a client that has no setting for the host to the simulator: `session.mount(X, Detour(url))`."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request to the other host."""
        request.url = self._url + (request.url or "").removeprefix(X)
        return super().send(request, *args, **kwargs)


@dataclass
class Truth:
    """What the simulator says that a query has; taken before a client asks."""

    server: Server
    query: str
    before: set[str] = field(init=False)

    def __post_init__(self) -> None:
        """Take what is there now."""
        self.before = self._found()

    def check(self, found: list[str]) -> None:
        """Assert that a client found, each once, all that was there all the time, and nothing that never was."""
        assert len(found) == len(set(found))
        assert self.before & self._found() <= set(found) <= self.before
        assert len(found) > 30

    def _found(self) -> set[str]:
        posts = self.server.truth("posts", query=self.query)["posts"]
        now = self.server.truth("health")["now"]
        return {post["id"] for post in posts if post["state"] == "live" and post["searchable_at"] <= now}


@pytest.fixture(scope="session")
def x() -> Iterator[Server]:
    """A simulator whose accounts wrote for two days and are silent now."""
    world = ["--accounts", "6", "--activity", "0", "--reactions", "10", "--history-hours", "48"]
    server = start_server(*world, "--search-lag-seconds", "1")
    yield server
    stop_server(server)


@pytest.fixture(scope="session")
def busiest(x: Server) -> dict[str, Any]:
    """The account with the most posts."""
    accounts: list[dict[str, Any]] = x.truth("accounts")["accounts"]
    return max(accounts, key=lambda account: account["post_count"])


@pytest.fixture
def posts_of_busiest(x: Server, busiest: dict[str, Any]) -> Truth:
    """All posts of the busiest account."""
    return Truth(x, f"from:{busiest['username']}")


@pytest.fixture(scope="session")
def quoted(x: Server) -> str:
    """The post with the most quotes."""
    ids = [post["id"] for post in x.truth("posts", query="-is:retweet")["posts"] if post["state"] == "live"]
    posts: list[dict[str, Any]] = []
    for start in range(0, len(ids), 100):
        answer = x.get("/2/tweets", ids=",".join(ids[start : start + 100]), tweet__fields="public_metrics")
        posts += answer.json()["data"]
    return str(max(posts, key=lambda post: post["public_metrics"]["quote_count"])["id"])


@pytest.fixture(scope="session")
def mixed_ids(x: Server) -> tuple[list[str], list[str]]:
    """Ids of 150 posts that live, and of some that do not."""
    records = x.truth("posts")["posts"]
    live = [record["id"] for record in records if record["state"] == "live"][:150]
    gone = [record["id"] for record in records if record["state"] in {"deleted", "suspended", "protected"}][:20]
    return live, [*gone, "1"]


@pytest.fixture(scope="session")
def rare_ids(x: Server) -> list[str]:
    """Ids of posts with a place and of posts with a poll, which live."""
    live = [record for record in x.truth("posts")["posts"] if record["state"] == "live"]
    return [next(record["id"] for record in live if record[name] is not None) for name in ("place_id", "poll_id")]
