"""Owns the ASGI application: hands each request to the API, the truth or the files.

It must not decide anything about the API. Invariant: one request is answered at a time, so the world is never
seen half-changed and no count is lost; only the sending of answers overlaps.
"""

from starlette.types import Receive, Scope, Send

from simulator.api import Api
from simulator.calls import Answer, Delivery
from simulator.clock import Clock
from simulator.config import Config
from simulator.control import Control
from simulator.delivery import deliver
from simulator.endpoints.compliance import FILE_PREFIX
from simulator.files import serve_file
from simulator.oauth.desk import PATHS as OAUTH_PATHS
from simulator.streams.flow import flow
from simulator.truth import Truth


class App:
    """The ASGI application of one simulator; run it with uvicorn's own `Date` header switched off."""

    def __init__(self, config: Config, clock: Clock) -> None:
        """Build the simulator behind the application; its history is made here."""
        self.api = Api(config, clock)
        self._control = Control(self.api)
        self._truth = Truth(self.api)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request, or go through the start and stop of the server."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] != "http":
            raise ValueError(f"the simulator speaks HTTP only, not {scope['type']}")
        body = await _read(receive)
        answer = self.answer(scope, body)
        if answer.connection is not None:
            if answer.status == 200 and answer.delivery == Delivery():
                await flow(scope, receive, send, answer, self.api.streams, self.api.clock())
                return
            answer.connection.end(self.api.clock(), "failed")
        if not await deliver(scope, receive, send, answer, self.api.clock()):
            self.api.journal.lost(answer.number)

    def answer(self, scope: Scope, body: bytes) -> Answer:
        """Answer one request given as an ASGI scope and its body."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host") or "{}:{}".format(*scope.get("server", ("127.0.0.1", 0)))
        base_url = f"{scope.get('scheme', 'http')}://{host}"
        method, path, query = scope["method"], scope["path"], scope["query_string"].decode("latin-1")
        if path.startswith("/_sim/"):
            found = self._control.answer(method, path, query, body)
            return found or self._truth.answer(method, path, query, body, base_url)
        if path in OAUTH_PATHS:
            return self.api.oauth_answer(method, path, query, body, headers.get("authorization"))
        if path.startswith(("/media/", "/video/")):
            return self.api.file_answer(path, serve_file(self.api.world, path, headers))
        if path.startswith(FILE_PREFIX):
            return self.api.compliance_file(method, path, body)
        return self.api.answer(method, path, query, headers.get("authorization"), base_url, body)


async def _read(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        kind = message["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return
