"""`python -m bench.bare_route FILE`: FastAPI with one route that answers the bytes of a file, on the server of control.

What a request costs before Covey has done anything for it: the peer of `bench.control`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from control.http.__main__ import listen, serve


def main() -> None:
    """Serve until SIGTERM."""
    answer: Any = json.loads(Path(sys.argv[1]).read_bytes())
    app = FastAPI()

    @app.get("/answer")
    def read() -> Any:
        return answer

    @app.post("/answer")
    def write() -> Any:
        return answer

    opened = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{opened.getsockname()[1]}"
    serve(app, opened, lambda: print(json.dumps({"url": url}), flush=True))


if __name__ == "__main__":
    main()
