"""Owns what a call and an answer are inside the simulator, and the record of all of them.

It must not know any endpoint. Invariant: the record holds endpoints, statuses and counts, never a token.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Credential:
    """Who calls: a token, and whether it stands for the app alone or for a user."""

    token: str = field(repr=False)
    kind: Literal["app", "user"]


@dataclass(frozen=True)
class Call:
    """One request to the API after its path and token were understood; times in ms."""

    endpoint: str
    path_values: Mapping[str, str]
    query: tuple[tuple[str, str], ...]
    credential: Credential
    base_url: str
    at_ms: int


@dataclass(frozen=True)
class Returned:
    """The objects that an answer hands out, by id: what a bill would be written for."""

    posts: tuple[int, ...] = ()
    users: tuple[int, ...] = ()
    counts_requests: int = 0


@dataclass(frozen=True)
class Answer:
    """One answer before it is sent; `body` is already bytes so that a fault may cut or replace it."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    returned: Returned = Returned()


def json_answer(status: int, body: JsonObject, returned: Returned | None = None) -> Answer:
    """Return an answer with a JSON body and its content type."""
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"content-type": "application/json; charset=utf-8"}
    return Answer(status, content, headers, returned or Returned())


class CallLog:
    """Counts calls by endpoint and status, and posts handed out by UTC day."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, int]] = Counter()
        self._posts_by_day: Counter[str] = Counter()

    def record(self, endpoint: str, answer: Answer, at_ms: int) -> None:
        """Note one answer at the moment it is sent."""
        self._counts[endpoint, answer.status] += 1
        self._posts_by_day[_day(at_ms)] += len(answer.returned.posts)

    def by_endpoint(self) -> dict[str, dict[str, int]]:
        """Return {endpoint: {status: count}}."""
        table: dict[str, dict[str, int]] = {}
        for (endpoint, status), count in sorted(self._counts.items()):
            table.setdefault(endpoint, {})[str(status)] = count
        return table

    def posts_on(self, at_ms: int) -> int:
        """Return how many posts were handed out on the UTC day of `at_ms`."""
        return self._posts_by_day[_day(at_ms)]


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%d")
