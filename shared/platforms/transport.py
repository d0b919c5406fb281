"""HTTP to X: one request in, status, headers and whole body out.

Owns the connections and every bound on them; knows nothing of endpoints, JSON or limits. It never retries, never
sleeps, never follows a redirect, keeps no cookie, and reads no proxy, netrc or other thing from the environment.

    connect          connect_seconds
    between bytes    read_seconds
    whole answer     total_seconds: looked at after every piece of the body that arrives, so that a server which
                     sends a byte now and then is left at most read_seconds later
    size of body     max_body_bytes, after decompression

Invariant: NoAnswer or a whole body; NotSent only where no byte of the request can have left; the connection of an
answer that was not read whole is never used again; no error leads, by its chain of causes, to a frame that holds the
signed request.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy

import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.auth import AuthBase

from shared.domain.errors import NoAnswer, NotSent

_PIECE_BYTES = 65_536
_USER_AGENT = "covey"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Bounds of one request, in seconds and bytes.

    One request takes at most total + read seconds, 50 by default: below the 60 of the limiter's lease. A page of 100
    posts with everything is well under 2 MiB.
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
    """A pool of connections, shared by threads; each thread has a session of its own, which holds no state.

    `adapter` is the seam: whatever speaks HTTP for `requests`.
    """

    def __init__(self, timeouts: Timeouts, *, adapter: BaseAdapter | None = None, pool_size: int = 32) -> None:
        self._timeouts = timeouts
        self._adapter = adapter or HTTPAdapter(pool_maxsize=pool_size, max_retries=0)
        self._local = threading.local()

    def get(self, endpoint: str, url: str, parameters: Mapping[str, str], auth: AuthBase) -> RawAnswer:
        """One GET. `endpoint` is for messages.

        Raises NoAnswer; as NotSent where there was no connection, as BrokenAnswer where at least the head arrived.
        """
        return self._send("GET", endpoint, url, parameters, auth)

    def post(self, endpoint: str, url: str, auth: AuthBase) -> RawAnswer:
        """One POST, whose body `auth` puts on it: what is posted to X is secret. Raises as `get` does."""
        return self._send("POST", endpoint, url, {}, auth)

    def close(self) -> None:
        """Close every connection."""
        self._adapter.close()

    def _send(self, method: str, endpoint: str, url: str, parameters: Mapping[str, str], auth: AuthBase) -> RawAnswer:
        limits = self._timeouts
        deadline = time.monotonic() + limits.total_seconds
        try:
            response = self._session().request(
                method,
                url,
                params=parameters,
                auth=auth,
                timeout=(limits.connect_seconds, limits.read_seconds),
                allow_redirects=False,
                stream=True,
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            failure = NotSent if _is_unsent(error) else NoAnswer
            raise failure(endpoint, _reason(error)) from _without_frames(error)
        try:
            return RawAnswer(response.status_code, response.headers, self._body(response, deadline))
        except (_TooMuch, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError) as error:
            raise BrokenAnswer(
                endpoint, _reason(error), status=response.status_code, headers=response.headers
            ) from _without_frames(error)
        finally:
            response.close()  # a connection whose answer was read whole is back in the pool by now

    def _body(self, response: requests.Response, deadline: float) -> bytes:
        pieces: list[bytes] = []
        size = 0
        # read1 returns what one read of the socket gave, so the clock is looked at even when bytes only trickle.
        while piece := response.raw.read1(_PIECE_BYTES, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > self._timeouts.max_body_bytes:
                raise _TooMuch(f"the body is larger than {self._timeouts.max_body_bytes} bytes")
            if time.monotonic() > deadline:
                raise _TooMuch(f"the answer took longer than {self._timeouts.total_seconds:g} s")
        return b"".join(pieces)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False
            session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            session.headers.update({"User-Agent": _USER_AGENT, "Accept": "application/json"})
            session.mount("http://", self._adapter)
            session.mount("https://", self._adapter)
            self._local.session = session
        return session


class _TooMuch(Exception):
    """An answer went beyond a bound."""


def _is_unsent(error: Exception) -> bool:
    """Whether there was no connection to send on: urllib3's own word for it, inside what `requests` makes of it."""
    cause = error.args[0] if isinstance(error, requests.ConnectionError) and error.args else error
    if isinstance(cause, urllib3.exceptions.MaxRetryError):
        cause = cause.reason
    # No address, refused and unreachable are kinds of this error too.
    return isinstance(cause, urllib3.exceptions.ConnectTimeoutError)


def _reason(error: Exception) -> str:
    """What happened, without the address: that of a request holds the whole query."""
    return str(error) if isinstance(error, _TooMuch) else type(error).__name__


def _without_frames(error: BaseException) -> BaseException:
    """The error and its causes without their tracebacks: frames of the HTTP libraries hold the headers, and so the
    token, and whatever reports an error with its local variables would send it along."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        cause = waiting.pop()
        if cause is not None and id(cause) not in seen:
            seen.add(id(cause))
            cause.__traceback__ = None
            waiting += [cause.__cause__, cause.__context__]
    return error
