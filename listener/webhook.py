"""Webhooks of X: the same events, pushed to where X can reach this process.

    GET  PATH?crc_token=..   the answer to X's challenge
    POST PATH                signed: heeded like what a stream brings, then 200; not signed 401; known already 200
    what is wrong            404, 405, 411, 413, 429 (too many at once), 503 (a server is away: X sends it again)

Closed unless a port is given, and on the loopback unless another host is; X wants public https, which a proxy before it
speaks. Invariant: nothing of a body is looked at before its signature is right; an event is booked and heeded once
within REMEMBERED, however often X sends it, and one that was not heeded is not remembered.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import redis
from pydantic import SecretStr

from listener.hearing import bought_by, heed, tell
from listener.in_step import CLASS
from listener.wanting import wanted_live
from shared.domain.attribution import Audience
from shared.domain.errors import CoveyError, InputError
from shared.domain.live.events import Event
from shared.platforms.x.endpoints import APP_ONLY
from shared.platforms.x.stream_gateway import StreamGateway
from shared.platforms.x.webhooks import SIGNATURE_HEADER, crc_answer, identity, is_signed, read_push
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

log = get_logger(__name__)

PATH: Final = "/webhooks/x"
ROUTE: Final = "webhook"
# A post with all that comes along is under 100 KB.
MAX_BODY_BYTES: Final = 1024 * 1024
MAX_AT_ONCE: Final = 16
# X gives up after 10 s.
SOCKET_SECONDS: Final = 10
# X can send again what it sent within a day.
REMEMBERED: Final = timedelta(days=2)
_SEEN_KEY: Final = "covey:live:seen:{id}"
_REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    411: "Length Required",
    413: "Content Too Large",
    429: "Too Many Requests",
    503: "Service Unavailable",
}
Answer = tuple[int, dict[str, str]]


class Webhook:
    """Answers X. secret: the app's consumer secret. client: of the Redis where events are remembered."""

    def __init__(self, services: Services, streams: StreamGateway, secret: SecretStr, client: redis.Redis) -> None:
        self._services, self._streams, self._secret, self._redis = services, streams, secret, client
        self._audience: tuple[float, Audience] | None = None

    def challenge(self, token: str) -> Answer:
        """Answer X's challenge."""
        try:
            return 200, crc_answer(token, self._secret)
        except InputError as error:
            return 400, {"error": str(error)}

    def push(self, body: bytes, signature: str | None) -> Answer:
        """Heed what X pushed."""
        if not is_signed(body, signature, self._secret):
            log.warning("webhook with a wrong signature", like="")
            return 401, {"error": "the signature is not X's"}
        event = read_push(ROUTE, body)
        key = _SEEN_KEY.format(id=identity(event, body))
        try:
            if self._redis.get(key):
                return 200, {"status": "known"}
            self._heed(event)
            self._redis.set(key, "1", ex=int(REMEMBERED.total_seconds()))
        except (CoveyError, redis.RedisError) as error:
            log.warning("webhook not heeded; X sends it again", reason=type(error).__name__, like="")
            return 503, {"error": "try again"}
        return 200, {"status": "heeded"}

    def _heed(self, event: Event) -> None:
        tell(ROUTE, [event])
        heed(self._services, ROUTE, [event], audience=self._present_audience())
        posts, updates = bought_by([event])
        credential = next((one for one in self._services.credentials.usable() if one.kind in APP_ONLY), None)
        if (posts or updates) and credential is not None:
            self._streams.pay(CLASS, ROUTE, credential, post_ids=posts, updates=updates)

    def _present_audience(self) -> Audience:
        """For whom posts are, looked up again as seldom as a stream's."""
        now = time.monotonic()
        if self._audience is None or now - self._audience[0] > self._services.settings.live_reconcile_seconds:
            self._audience = now, wanted_live(self._services, with_paid=True).audience
        return self._audience[1]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    """Who sends slowly is hung up on; no line is written for each question."""

    timeout = SOCKET_SECONDS

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def serve_webhook(webhook: Webhook, host: str, port: int) -> int:
    """Serve it on a thread of its own; port 0 picks a free one. Answers the port. Raises InputError for one in use."""
    try:
        server = make_server(host, port, _app(webhook), _Server, handler_class=_Handler)
    except OSError as error:
        raise InputError(f"webhook port {port} on {host}: {error.strerror}") from None
    threading.Thread(target=server.serve_forever, name="webhook", daemon=True).start()
    return int(server.server_port)


def _app(webhook: Webhook) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    room = threading.BoundedSemaphore(MAX_AT_ONCE)

    def answer(environment: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if not room.acquire(blocking=False):
            return _sent(start, (429, {"error": "too many at once"}))
        try:
            return _sent(start, _answer(webhook, environment))
        finally:
            room.release()

    return answer


def _answer(webhook: Webhook, environment: WSGIEnvironment) -> Answer:
    method = environment["REQUEST_METHOD"]
    if environment.get("PATH_INFO") != PATH:
        return 404, {"error": "there is nothing here"}
    if method == "GET":
        return webhook.challenge(parse_qs(environment.get("QUERY_STRING", "")).get("crc_token", [""])[0])
    if method != "POST":
        return 405, {"error": "GET and POST are answered"}
    length = environment.get("CONTENT_LENGTH") or ""
    if not (length.isascii() and length.isdigit() and len(length) < 10):
        return 411, {"error": "the length of the body is not given"}
    if int(length) > MAX_BODY_BYTES:
        return 413, {"error": f"a body has {MAX_BODY_BYTES} bytes at most"}
    try:
        body = environment["wsgi.input"].read(int(length))
    except OSError:
        return 400, {"error": "the body did not come"}
    return webhook.push(body, environment.get("HTTP_" + SIGNATURE_HEADER.upper().replace("-", "_")))


def _sent(start: StartResponse, answer: Answer) -> list[bytes]:
    status, said = answer
    content = json.dumps(said).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
    start(f"{status} {_REASONS[status]}", headers)
    return [content]
