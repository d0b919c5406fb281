"""Bad answers that X was seen to give, by name, in the words of the simulator's fault scripts."""

from __future__ import annotations

from typing import Any


def wrong(shape: str) -> dict[str, Any]:
    """Valid JSON of another shape."""
    return {"kind": "wrong_shape", "shape": shape}


# No usable answer: the same is asked again.
PASSING: dict[str, dict[str, Any]] = {
    "500 json": {"kind": "server_error", "status": 500, "form": "json"},
    "502 html": {"kind": "server_error", "status": 502, "form": "html"},
    "503 plain": {"kind": "server_error", "status": 503, "form": "plain"},
    "504 html": {"kind": "server_error", "status": 504, "form": "html"},
    "404 of a gateway": {"kind": "status", "status": 404, "body": "no such host"},
    "silence": {"kind": "no_answer"},
    "an early end": {"kind": "no_answer", "close_after_ms": 20},
    "reset": {"kind": "reset"},
    "a body cut in the middle": {"kind": "cut_body", "share": 0.5},
    "a body cut by a reset": {"kind": "cut_body", "share": 0.9, "by": "reset"},
    "a head without a body": {"kind": "cut_body", "share": 0.0},
    "html with status 200": {"kind": "html_200"},
    "nothing with status 200": {"kind": "status", "status": 200, "body": ""},
    "no json": {"kind": "invalid_json"},
    **{f"json: {shape}": wrong(shape) for shape in ("list", "text", "number", "null")},
    **{f"json: {shape}": wrong(shape) for shape in ("data_is_object", "data_is_text", "items_are_numbers")},
}
# Pages have one more part that can be wrong.
ON_PAGES = {**PASSING, "json: meta_is_list": wrong("meta_is_list")}

# Pages that lie, or say less than they should.
PAGING: dict[str, dict[str, Any]] = {
    "an empty page with a token": {"kind": "empty_page_with_token"},
    "the same post on two pages": {"kind": "duplicate_post"},
    "a post older than the cursor": {"kind": "older_than_cursor"},
    "headers missing": {"kind": "drop_header"},
    "the date missing": {"kind": "drop_header", "names": ["date"]},
    "every header missing": {
        "kind": "drop_header",
        "names": ["date", "content-type", "x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"],
    },
    "one header missing": {"kind": "drop_header", "names": ["x-rate-limit-remaining"]},
}
