"""`python -m tests.control.http.openapi` writes docs/openapi.json, which a test holds in step with the routes."""

from __future__ import annotations

import json

from control.http.app import described
from tests.ops.artifacts import ROOT

FILE = ROOT / "docs" / "openapi.json"


def text() -> str:
    """The description as it is committed."""
    return json.dumps(described().openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
