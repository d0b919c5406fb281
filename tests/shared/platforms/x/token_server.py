"""A token endpoint on the loopback whose answers a test decides."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from pydantic import SecretStr

from shared.platforms.transport import Timeouts
from shared.platforms.x.oauth import IssuedTokens, OAuthClient, TokenEndpoint

PUBLIC = OAuthClient("sim-public-app")
TIMEOUTS = Timeouts(connect_seconds=1, read_seconds=1, total_seconds=1, max_body_bytes=10_000)
OLD_TOKEN = SecretStr("the-old-refresh-token")


class TokenServer:
    """Answers every POST with `answer`; keeps the last request's headers and form."""

    def __init__(self) -> None:
        self.answer: tuple[int, bytes] = (200, b"")
        self.headers: dict[str, str] = {}
        self.form: dict[str, str] = {}
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.headers = {name.lower(): value for name, value in self.headers.items()}
                server.form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
                status, content = server.answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()

    def refresh(self, answer: object, status: int = 200, client: OAuthClient = PUBLIC) -> IssuedTokens:
        """Ask for new tokens; bytes are answered as they are, everything else as JSON."""
        self.answer = (status, answer if isinstance(answer, bytes) else json.dumps(answer).encode())
        return TokenEndpoint(self.url, timeouts=TIMEOUTS).refresh(client, OLD_TOKEN)
