"""`python -m bench.answers FOLDER`: answers a search with the page in FOLDER that its token numbers, and a look-up with
the one that its first id names.

Its address is its first line. The limits that it tells are never reached.
"""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

PLENTY = 1_000_000
WINDOW_SECONDS = 900


def main(folder: Path) -> None:
    """Answer until this is ended."""
    pages = {path.stem: path.read_bytes() for path in folder.glob("*.json")}
    resets_at = int(time.time()) + WINDOW_SECONDS

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet

        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            body = pages[asked.get("next_token", asked.get("ids", [""]))[0].partition(",")[0]]
            self.send_response_only(200)
            self.send_header("Date", self.date_time_string())
            self.send_header("Content-Length", str(len(body)))
            for name, value in (("limit", PLENTY), ("remaining", PLENTY - 1), ("reset", resets_at)):
                self.send_header(f"x-rate-limit-{name}", str(value))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_address[1]}"}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
