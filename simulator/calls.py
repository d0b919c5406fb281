"""Owns what a call and an answer are inside the simulator, and the record of all of them.

It must not know any endpoint. Invariant: the record holds endpoints, statuses and counts, never a token.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

JsonObject = dict[str, Any]
Scheme = Literal["bearer", "oauth2", "oauth1"]

DEFAULT_PROJECT = "default"


@dataclass(frozen=True)
class Credential:
    """Who calls: a token, and whether it stands for the app alone or for a user.

    `subject` is what limits are counted by where that is not the token (a user keeps their window when their token
    is refreshed). `scopes` None means all. `project` is who pays.
    """

    token: str = field(repr=False)
    kind: Literal["app", "user"]
    scheme: Scheme = "bearer"
    subject: str = ""
    project: str = DEFAULT_PROJECT
    scopes: frozenset[str] | None = None
    user_id: int | None = None
    enrolled: bool = True

    @property
    def key(self) -> str:
        """What limits are counted by."""
        return self.subject or self.token

    @property
    def label(self) -> str:
        """What may be shown: the subject, a made-up token, or the start of the hash of one that may be real."""
        if self.subject or self.token.startswith("sim-"):
            return self.key
        return "token-" + hashlib.sha256(self.token.encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Call:
    """One request to the API after its path and token were understood; times in ms.

    `at_most` is how many objects a page shows, where a fault holds back some of those asked for.
    """

    endpoint: str
    path_values: Mapping[str, str]
    query: tuple[tuple[str, str], ...]
    credential: Credential
    base_url: str
    at_ms: int
    at_most: int | None = None
    method: str = "GET"
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Returned:
    """The objects that an answer hands out, by id, and those of them that are only in `includes`.

    `owned_posts` are those that a user reads who owns the app, of their own: they have a price of their own.
    """

    posts: tuple[int, ...] = ()
    users: tuple[int, ...] = ()
    counts_requests: int = 0
    included_posts: tuple[int, ...] = ()
    included_users: tuple[int, ...] = ()
    counts_all_requests: int = 0
    owned_posts: frozenset[int] = frozenset()
    profile_updates: int = 0


@dataclass(frozen=True)
class Delivery:
    """How an answer goes out: whole, or cut after `share` of its body, or not at all (`silent`, `reset`).

    `hold_ms` ends a silence (None: the client does). A `cut` ends with a close, or with a reset. `raw` is written past
    the HTTP of the server: `drip` a byte every `pause_ms`, or after `continues` of `100 Continue`, or with a length of
    `length_digits` digits.
    """

    delay_ms: int = 0
    ending: Literal["whole", "cut", "silent", "reset", "raw"] = "whole"
    share: float = 1.0
    by_reset: bool = False
    hold_ms: int | None = None
    dropped: frozenset[str] = frozenset()
    drip: Literal["headers", "body"] | None = None
    continues: int = 0
    pause_ms: int = 0
    length_digits: int | None = None


@dataclass(frozen=True)
class Answer:
    """One answer before it is sent; `body` is already bytes so that a fault may cut or replace it.

    `here` is a token that gives the same page again, where the answer is a page. `billed` None means: if it is a 200.
    `number` is that of its call in the journal, 0 for what is not in it. `connection`: what is sent after the head for
    as long as both sides stay.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    returned: Returned = Returned()
    here: str = ""
    delivery: Delivery = Delivery()
    billed: bool | None = None
    number: int = 0
    connection: Any = None


JSON_TYPE = "application/json; charset=utf-8"


def json_bytes(body: object) -> bytes:
    """Return a body as X writes JSON."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def json_answer(status: int, body: JsonObject, returned: Returned | None = None, here: str = "") -> Answer:
    """Return an answer with a JSON body and its content type."""
    return Answer(status, json_bytes(body), {"content-type": JSON_TYPE}, returned or Returned(), here)


class CallLog:
    """Counts calls by endpoint and status."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, int]] = Counter()

    def record(self, endpoint: str, answer: Answer) -> None:
        """Note one answer at the moment it is sent."""
        self._counts[endpoint, answer.status] += 1

    def by_endpoint(self) -> dict[str, dict[str, int]]:
        """Return {endpoint: {status: count}}."""
        table: dict[str, dict[str, int]] = {}
        for (endpoint, status), count in sorted(self._counts.items()):
            table.setdefault(endpoint, {})[str(status)] = count
        return table
