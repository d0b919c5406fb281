"""Opaque cursors: where a page ended, for the next one to begin after it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Query, Request, Response
from pydantic import BaseModel

from control.http.problems import Kind, Problem
from shared.stores.paging import Key

T = TypeVar("T")
GREATEST_LIMIT: Final = 200
Limit = Annotated[int, Query(ge=1, le=GREATEST_LIMIT, description="Rows of a page.")]
Cursor = Annotated[
    str | None, Query(max_length=500, description="`next_cursor` of the page before; none: the first page.")
]


class Paged(BaseModel, Generic[T]):
    """A page. next_cursor: of the next one; null: this is the last."""

    data: list[T]
    next_cursor: str | None


def key_of(cursor: str | None) -> Key | None:
    """The key that a cursor stands for. Raises Problem for one that we never gave."""
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        moment, row_id = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if isinstance(moment, bool) or not isinstance(moment, int) or not isinstance(row_id, str):
            raise ValueError
        return datetime.fromtimestamp(moment / 1000, UTC), row_id
    except (ValueError, TypeError, OverflowError, OSError, binascii.Error):
        raise Problem(Kind.INVALID, "cursor: none that was given here; begin again without it") from None


def cursor_of(key: Key) -> str:
    """The cursor for what comes after the key; times have milliseconds, as in MongoDB."""
    at, row_id = key
    written = json.dumps([round(at.timestamp() * 1000), row_id], separators=(",", ":"))
    return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")


def paged(
    request: Request, response: Response, found: Sequence[Any], limit: int, key: Callable[[Any], Key]
) -> dict[str, Any]:
    """The page of up to `limit` rows, of which one more was looked for; the next one is in the Link header too."""
    rows = list(found[:limit])
    last = key(rows[-1]) if len(found) > limit else None
    return {"data": rows, "next_cursor": followed_by(request, response, last)}


def followed_by(request: Request, response: Response, last: Key | None) -> str | None:
    """The cursor of the page after a key, told in the Link header too; None: there is none."""
    if last is None:
        return None
    following = cursor_of(last)
    url = request.url.include_query_params(cursor=following)
    response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return following
