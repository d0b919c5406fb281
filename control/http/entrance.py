"""What every request passes before a route is chosen: its id, its size, who sends it, how many they sent, its key.

    request --> id --> body (1 MB at most) --> token --> own limit --> idempotency --> route
                                                                                        |
    answer <-- id, limits, no-store <-- kept for its key <-- metrics, a line in the log <-'

Owns all that; must not know a route. Invariant: a request that is refused here has done nothing.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterable, MutableMapping
from contextlib import nullcontext
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from control import tokens
from control.http import idempotency
from control.http.access import unauthenticated
from control.http.own_limit import OwnLimit, Standing
from control.http.problems import Kind, Problem, answer, meaning, where
from control.http.qstash import QStash
from shared.domain.access import Actor
from shared.domain.errors import CoveyError
from shared.runtime import metrics
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services
from shared.stores.database import within
from shared.stores.idempotency import Stored

log = get_logger(__name__)

GREATEST_BODY: Final = 1_000_000
# Less than a client usually waits; the driver by itself tries for 15 s to reach a server that is away.
ANSWER_SECONDS: Final = 8.0
# What may go on for ever has a time for each look instead.
ENDLESS: Final = frozenset({"/v1/feed"})
GUARDED: Final = "/v1/"
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ALWAYS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class Entrance:
    """The outermost part of the application."""

    def __init__(self, app: ASGIApp, services: Services, own_limit: OwnLimit, *, answer_seconds: float) -> None:
        self._app = app
        self._answer_seconds = answer_seconds
        self._services = services
        self._own_limit = own_limit
        self._qstash = QStash(services.settings, services.stores.idempotency, services.clock)
        self._once = idempotency.Once(services.stores.idempotency, services.clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = _decoded(scope["headers"])
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        state.update(request_id=request_id, actor=None)
        reply = _Reply(send, {**_ALWAYS, "X-Request-ID": request_id})
        began = time.perf_counter()
        try:
            with nullcontext() if scope["path"] in ENDLESS else within(self._answer_seconds):
                await self._enter(scope, receive, reply, headers)
        except (Problem, CoveyError) as error:
            if not reply.is_begun:
                await answer(meaning(error), where(scope))(scope, receive, reply)
        except Exception as error:
            if not reply.is_begun:
                log.error("a request broke", path=scope["path"], error=type(error).__name__, exc_info=error)
                await answer(meaning(error), where(scope))(scope, receive, reply)
        finally:
            _tell(scope, reply, time.perf_counter() - began)
        return None

    async def _enter(self, scope: Scope, receive: Receive, reply: _Reply, headers: dict[str, str]) -> None:
        if not scope["path"].startswith(GUARDED):
            return await self._app(scope, receive, reply)
        body = await _whole(receive, headers)
        again = _replayed(body, receive)
        actor = await run_in_threadpool(self._who, scope, headers, body)
        scope["state"]["actor"] = actor
        if actor is None:  # the route says what it needs, and 404 and 405 come before that
            return await self._app(scope, again, reply)
        standing: Standing | None = await run_in_threadpool(self._own_limit.take, actor.id)
        if standing is not None:
            if standing.left < 0:
                raise standing.problem()
            reply.headers |= standing.headers
        if scope["method"] == "POST" and idempotency.HEADER in headers:
            return await self._keyed(scope, again, reply, actor, headers[idempotency.HEADER], body)
        return await self._app(scope, again, reply)

    def _who(self, scope: Scope, headers: dict[str, str], body: bytes) -> Actor | None:
        """Who shows a token, or signed this. Raises Problem for what opens nothing."""
        header = headers.get("authorization")
        if header is None:
            if not self._qstash.accepts(scope["method"], scope["path"], headers):
                return None
            signed = self._qstash.signed(scope["path"], scope["query_string"].decode("latin-1"), headers, body)
            scope["state"]["key"] = signed.key
            return signed.actor
        kind, _, text = header.partition(" ")
        token = tokens.shown(self._services, text.strip()) if kind.lower() == "bearer" else None
        if token is None:
            raise unauthenticated(is_shown=True)
        return token.actor()

    async def _keyed(
        self, scope: Scope, receive: Receive, reply: _Reply, actor: Actor, header: str, body: bytes
    ) -> None:
        query = scope["query_string"].decode("latin-1")
        key, stored = await run_in_threadpool(
            self._once.begin, actor, scope["method"], scope["path"], query, header, body
        )
        if stored is not None:
            return await _say_again(stored, reply)
        kept = _Kept(reply)
        scope["state"]["key"] = key
        try:
            await self._app(scope, receive, kept)
        except BaseException:
            await run_in_threadpool(self._once.abandon, key)
            raise
        if scope["state"].get("holds_secret"):
            await run_in_threadpool(self._once.abandon, key)
        else:
            await run_in_threadpool(self._once.end, key, kept.status, kept.headers, bytes(kept.body))
        await kept.release()
        return None


class _Reply:
    """Sends on, with the headers that every answer has. is_begun: nothing else can be answered any more."""

    def __init__(self, send: Send, headers: dict[str, str]) -> None:
        self._send = send
        self.headers = headers
        self.is_begun = False
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.is_begun, self.status = True, message["status"]
            there = {name.lower() for name, _ in message["headers"]}
            more = [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]
            message = {**message, "headers": [*message["headers"], *((n, v) for n, v in more if n not in there)]}
        await self._send(message)


class _Kept:
    """Holds an answer back until it is stored: what was told once can be told again."""

    def __init__(self, reply: _Reply) -> None:
        self._reply = reply
        self._messages: list[Message] = []
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]
            }
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")
        self._messages.append(message)

    async def release(self) -> None:
        """Send it."""
        for message in self._messages:
            await self._reply(message)


def _decoded(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}


async def _say_again(stored: Stored, reply: _Reply) -> None:
    headers = {**stored.headers, idempotency.REPLAYED: "true", "content-length": str(len(stored.body))}
    told = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await reply({"type": "http.response.start", "status": stored.status, "headers": told})
    await reply({"type": "http.response.body", "body": stored.body})


async def _whole(receive: Receive, headers: dict[str, str]) -> bytes:
    """The body. Raises Problem for one that is too long."""
    declared = headers.get("content-length", "0")
    body = bytearray()
    more = True
    while more and len(body) <= GREATEST_BODY and (not declared.isdecimal() or int(declared) <= GREATEST_BODY):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(Kind.MALFORMED, "the request ended before its body did")
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if more or len(body) > GREATEST_BODY:
        raise Problem(Kind.TOO_LARGE, f"a request has at most {GREATEST_BODY} bytes")
    return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body once more, and after it what comes from the connection."""
    is_given = False

    async def again() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _tell(scope: Scope, reply: _Reply, seconds: float) -> None:
    """A line in the log and the metrics; the route's pattern stands for the path, whose parts are endless."""
    route = getattr(scope.get("route"), "path", "none")
    method = scope["method"] if scope["method"] in {"GET", "POST", "PUT", "PATCH", "DELETE"} else "other"
    metrics.CONTROL_REQUESTS.labels(route, method, str(reply.status)).inc()
    metrics.CONTROL_SECONDS.labels(route, method).observe(seconds)
    actor: Actor | None = scope["state"]["actor"]
    log.info(
        "request",
        method=method,
        route=route,
        status=reply.status,
        ms=round(seconds * 1000, 1),
        tenant=actor.tenant if actor else None,
        token=actor.prefix if actor else None,
        request_id=scope["state"]["request_id"],
    )
