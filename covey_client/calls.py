"""What a call is, what its answer means, and when it is tried again. Pure: neither client sends anything here."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import httpx

from covey_client.errors import ApiError

TRIES: Final = 5
LONGEST_WAIT_SECONDS: Final = 30.0
FIRST_WAIT_SECONDS: Final = 0.5
# A window is used up, or a server behind Covey does not answer: the same again may do.
_PASSING: Final = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Call:
    """One request. path: with its parameters filled in. key: under which a POST is carried out once."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    key: str | None = None

    def request(self, client: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        """As it is sent; the same for every try."""
        headers = {name: str(value) for name, value in self.headers.items() if value is not None}
        if self.key is not None:
            headers["Idempotency-Key"] = f'"{self.key}"'
        query = {name: _text(value) for name, value in self.query.items() if value is not None}
        given = {} if self.body is None else {"json": self.body}
        return client.build_request(self.method, self.path, params=query, headers=headers, **given)


def call(
    method: str,
    path: str,
    values: Mapping[str, Any],
    query: Mapping[str, Any],
    headers: Mapping[str, Any],
    body: Any,
    key: str | None,
) -> Call:
    """A call of a route. values: of the parameters in its path. A POST without a key is given one."""
    filled = path.format(**{name: quote(str(value), safe="") for name, value in values.items()})
    return Call(method, filled, query, headers, body, key or (uuid.uuid4().hex if method == "POST" else None))


def meaning(answer: httpx.Response) -> Any:
    """What was answered. Raises ApiError."""
    if answer.is_success or answer.status_code == httpx.codes.NOT_MODIFIED:
        return answer.json() if answer.content else None
    try:
        problem = answer.json()
    except ValueError:  # a proxy in between, as a rule
        problem = {"detail": answer.text[:500]}
    raise ApiError(answer.status_code, problem if isinstance(problem, dict) else {"detail": str(problem)})


def wait_seconds(number: int, answer: httpx.Response | None) -> float | None:
    """How long to wait before the try after this one (from 1 on); None: it is the last, or would end as this did."""
    if number >= TRIES or (answer is not None and answer.status_code not in _PASSING):
        return None
    told = answer.headers.get("Retry-After", "") if answer is not None else ""
    if told.isdecimal():
        return float(told) if float(told) <= LONGEST_WAIT_SECONDS else None
    longest: float = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** (number - 1))
    return longest * random.uniform(0.5, 1)


def may_repeat(one: Call) -> bool:
    """Whether the same call again does no harm where nobody knows what became of the first."""
    return one.method in {"GET", "PUT", "DELETE"} or one.key is not None


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if hasattr(value, "isoformat") else value
