"""HTTP to X: one request in, status, headers and whole body out.

Owns the connections and every bound on them; knows nothing of endpoints, JSON or limits. It never retries, never
sleeps, never follows a redirect, keeps no cookie, and reads no proxy, netrc or other thing from the environment: the
way to X is a `Route`.

    connect          connect_seconds
    between bytes    read_seconds
    all together     total_seconds: from before the connection to the last byte of the body, however slowly or endlessly
                     these come; only the look-up of a name is the resolver's own wait
    size of body     max_body_bytes, after decompression

Invariant: NoAnswer or a whole body; NotSent exactly where no byte of the request was written; the connection of an
answer that was not read whole is never used again; no error leads, by its chain of causes, to a frame that holds the
signed request.
"""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
import urllib3
from requests.auth import AuthBase

from shared.domain.errors import NoAnswer, NotSent
from shared.http.adapter import BoundedAdapter
from shared.http.body import UnusableLength, announced_bytes, pieces
from shared.http.exchange import Exchange, exchange
from shared.platforms.route import Route

_HEADERS = {"User-Agent": "covey", "Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
# Everything that `requests` and what it stands on raise for a request or an answer that fails.
FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Bounds of one request, in seconds and bytes.

    One request takes at most total_seconds, half of the 60 of the limiter's lease by default. A page of 100 posts with
    everything is well under 2 MiB.
    """

    connect_seconds: float = 5.0
    read_seconds: float = 20.0
    total_seconds: float = 30.0
    max_body_bytes: int = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class BrokenAnswer(NoAnswer):
    """The head of an answer arrived, its body did not: what the head says of the limits is still true."""

    def __init__(self, endpoint: str, reason: str, *, status: int, headers: Mapping[str, str]) -> None:
        super().__init__(endpoint, reason)
        self.status = status
        self.headers = headers


class HttpTransport:
    """A pool of connections, shared by threads.

    route: the way to X. adapter: the seam, in place of the route's own. Raises InputError where the route cannot serve.
    """

    def __init__(
        self,
        timeouts: Timeouts,
        *,
        route: Route | None = None,
        adapter: BoundedAdapter | None = None,
        pool_size: int = 32,
    ) -> None:
        self._timeouts = timeouts
        self._route = route or Route()
        self._adapter = adapter or self._route.adapter(pool_size=pool_size)

    def get(self, endpoint: str, url: str, parameters: Mapping[str, str], auth: AuthBase) -> RawAnswer:
        """One GET. `endpoint` is for messages.

        Raises NoAnswer; as NotSent where nothing of the request was written, as BrokenAnswer where at least the head
        of an answer arrived.
        """
        return self._exchange("GET", endpoint, url, parameters, auth)

    def delete(self, endpoint: str, url: str, parameters: Mapping[str, str], auth: AuthBase) -> RawAnswer:
        """One DELETE. Raises as `get` does."""
        return self._exchange("DELETE", endpoint, url, parameters, auth)

    def post(self, endpoint: str, url: str, auth: AuthBase) -> RawAnswer:
        """One POST, whose body `auth` puts on it: what is posted to X is secret. Raises as `get` does."""
        return self._exchange("POST", endpoint, url, {}, auth)

    def post_json(self, endpoint: str, url: str, body: Mapping[str, Any], auth: AuthBase) -> RawAnswer:
        """One POST of a JSON object that holds no secret. Raises as `get` does."""
        return self._exchange("POST", endpoint, url, {}, auth, body)

    def close(self) -> None:
        """Close every connection."""
        self._adapter.close()

    def _exchange(
        self,
        method: str,
        endpoint: str,
        url: str,
        parameters: Mapping[str, str],
        auth: AuthBase,
        body: Mapping[str, Any] | None = None,
    ) -> RawAnswer:
        with exchange(self._timeouts.total_seconds) as one:
            try:
                response = self._send(method, url, parameters, auth, body)
            except FAILURES as error:
                failure = NoAnswer if one.is_sent else NotSent
                raise failure(endpoint, self._reason(one, error)) from without_frames(error)
            try:
                announced_bytes(response.headers)
                return RawAnswer(response.status_code, response.headers, self._body(response))
            except (_TooMuch, *FAILURES) as error:
                raise BrokenAnswer(
                    endpoint, self._reason(one, error), status=response.status_code, headers=response.headers
                ) from without_frames(error)
            finally:
                response.close()  # a connection whose answer was read whole is back in the pool by now

    def _send(
        self, method: str, url: str, parameters: Mapping[str, str], auth: AuthBase, body: Mapping[str, Any] | None
    ) -> requests.Response:
        """The head of the answer; its body is still to come."""
        # Not by a session: that reads the environment, keeps cookies, and reads the whole body of a redirect.
        request = requests.Request(method, url, headers=_HEADERS, params=parameters, auth=auth, json=body).prepare()
        bounds = (self._timeouts.connect_seconds, self._timeouts.read_seconds)
        return self._adapter.send(request, stream=True, timeout=bounds, proxies=self._route.proxies)

    def _body(self, response: requests.Response) -> bytes:
        found: list[bytes] = []
        size = 0
        for piece in pieces(response):
            found.append(piece)
            size += len(piece)
            if size > self._timeouts.max_body_bytes:
                raise _TooMuch(f"the body is larger than {self._timeouts.max_body_bytes} bytes")
        return b"".join(found)

    def _reason(self, one: Exchange, error: Exception) -> str:
        """What happened, without the address: that of a request holds the whole query."""
        if isinstance(error, _TooMuch | UnusableLength):
            return str(error)
        if not one.is_sent:
            return self._route.why_unreached(causes(error))
        if one.is_over:
            return f"it took longer than {self._timeouts.total_seconds:g} s"
        return type(error).__name__


class _TooMuch(Exception):
    """An answer went beyond a bound."""


def causes(error: BaseException) -> list[BaseException]:
    """The error and what led to it, also where a library keeps that in an attribute; what came first is last."""
    found: dict[int, BaseException] = {}
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in found:
            found[id(cause)] = cause
            waiting += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]
    return list(found.values())


def without_frames(error: BaseException) -> BaseException:
    """The error and its causes without their tracebacks: frames of the HTTP libraries hold the headers, and so the
    token, and whatever reports an error with its local variables would send it along."""
    for cause in causes(error):
        cause.__traceback__ = None
    return error
