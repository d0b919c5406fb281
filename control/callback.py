"""The loopback server to which X sends a person's browser back, with the code.

    listening --right state and a code--> received          (answers every request, believes one)
        |  ------right state, an error--> refused
        +--------nothing in time--------> InputError

Owns the one address `http://127.0.0.1:PORT/callback`. Must not exchange or print the code. Invariant: a code is
believed only with the state that was sent; everything else is answered and changes nothing.
"""

from __future__ import annotations

import hmac
import threading
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from shared.domain.errors import InputError

HOST = "127.0.0.1"
PATH = "/callback"
# A browser opens connections on which it never asks; each is left after this.
IDLE_SECONDS = 5.0
GOOD, BAD = "#2e9e5b", "#c0392b"

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Covey</title>
<style>
:root{{color-scheme:light dark;font:1rem/1.6 system-ui,sans-serif}}
body{{display:grid;place-items:center;min-height:100vh;margin:0}}
main{{max-width:26rem;padding:2rem;border-left:.3rem solid {color}}}
h1{{font-size:1.3rem;margin:0 0 .5rem}}p{{margin:0}}
</style></head><body><main><h1>{title}</h1><p>{text}</p></main></body></html>
"""
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Callback:
    """Listens while the `with` block runs. port 0 takes a free one. Raises InputError for a port that is taken."""

    def __init__(self, port: int, state: str) -> None:
        self._state = state
        self._done = threading.Event()
        self._code: SecretStr | None = None
        self._refusal: str | None = None
        try:
            self._server = ThreadingHTTPServer((HOST, port), _handler_of(self))
        except OSError as error:
            hint = "choose another with --port; X must know it as a callback URL of the app"
            raise InputError(f"port {port} on {HOST}: {error.strerror}; {hint}") from None
        self._server.daemon_threads = True
        self.redirect_uri = f"http://{HOST}:{self._server.server_address[1]}{PATH}"

    def __enter__(self) -> Callback:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self, seconds: float) -> SecretStr:
        """The code. Raises InputError when none came in time, or access was not given."""
        if not self._done.wait(seconds):
            raise InputError(f"nobody let the app in within {seconds:g} s; run this again")
        if self._code is None:
            raise InputError(f"access was not given: {self._refusal}")
        return self._code

    def answer(self, query: str) -> tuple[HTTPStatus, str]:
        """Take what the browser brought, and answer the page for the person."""
        given = {name: values[0] for name, values in parse_qs(query).items() if len(values) == 1}
        if not hmac.compare_digest(given.get("state", "").encode(), self._state.encode()):
            return HTTPStatus.BAD_REQUEST, page(
                "This is not the answer Covey waits for", "Begin again in the terminal."
            )
        if self._done.is_set():
            return HTTPStatus.CONFLICT, page("This was answered already", "You can close this window.")
        code, error = given.get("code"), given.get("error")
        if code:
            self._code = SecretStr(code)
            self._done.set()
            return HTTPStatus.OK, page(
                "Covey was let in", "You can close this window. The rest happens in the terminal.", color=GOOD
            )
        if error:
            self._refusal = error if error.replace("_", "").isalnum() and len(error) < 100 else "X gave no reason"
            self._done.set()
            return HTTPStatus.OK, page("Covey was not let in", "You can close this window. Nothing was stored.")
        return HTTPStatus.BAD_REQUEST, page("The answer has no code", "Begin again in the terminal.")


def _handler_of(callback: Callback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = IDLE_SECONDS
        server_version, sys_version = "covey", ""

        def do_GET(self) -> None:
            """The browser comes back, or asks for an icon."""
            parts = urlsplit(self.path)
            if parts.path != PATH:
                self._send(HTTPStatus.NOT_FOUND, page("Nothing is here", "Covey waits for an answer of X."))
            else:
                self._send(*callback.answer(parts.query))

        def _send(self, status: HTTPStatus, text: str) -> None:
            content = text.encode()
            self.send_response(status)
            for name, value in {**HEADERS, "Connection": "close", "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the request line holds the code."""

    return Handler


def page(title: str, text: str, *, color: str = BAD) -> str:
    """What a person reads in the browser."""
    return _PAGE.format(title=escape(title), text=escape(text), color=color)
