"""The feed: one order of events, one cursor, four shapes.

GET /v1/feed?after=CURSOR            a page; `&wait=30` answers when something comes, or then
Accept: application/jsonl            lines for as long as they are read
Accept: text/event-stream            the same as SSE; a client that comes back sends Last-Event-ID
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from control import feed
from control.answers import as_json
from control.http.access import Caller, The, needs
from control.http.problems import Kind, Problem
from shared.domain.access import Scope
from shared.domain.errors import CoveyError
from shared.domain.feed import EventType, types_of
from shared.services.bootstrap import Services
from shared.stores.database import within

router = APIRouter(prefix="/v1", tags=["feed"])

LINES: Final = "application/jsonl"
EVENTS: Final = "text/event-stream"
LOOK_SECONDS: Final = 1.0  # between two looks for what is new
HEARTBEAT_SECONDS: Final = 15.0
RETRY_MS: Final = 3_000
READ_SECONDS: Final = 8.0  # for a look
AT_ONCE: Final = 200  # of a stream


class FeedEvent(BaseModel):
    """One event. id: the same each time it is told. cursor: where to go on after it. data: by its type."""

    id: str
    cursor: str
    type: EventType
    timestamp: datetime
    data: dict[str, Any]


class FeedPage(BaseModel):
    """Events in order. next_cursor: where to go on. has_more: whether more is there by now."""

    data: list[FeedEvent]
    next_cursor: str
    has_more: bool


Types = Annotated[
    str | None, Query(max_length=200, description="Only these, comma separated: " + ", ".join(EventType) + ".")
]
After = Annotated[
    str | None,
    Query(max_length=30, description="The cursor of the last event that was seen; none: all that is kept; `now`."),
]
_SHAPES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A page; or, as the Accept header asks, lines or events without an end.",
        "content": {
            LINES: {"schema": {"type": "string", "description": "One FeedEvent a line."}},
            EVENTS: {"schema": {"type": "string", "description": "`id` is the cursor, `data` the FeedEvent."}},
        },
    }
}
_needs = needs(Scope.STREAM, 410)


@router.get(
    "/feed",
    response_model=FeedPage,
    dependencies=_needs["dependencies"],
    openapi_extra=_needs["openapi_extra"],
    responses={**_needs["responses"], **_SHAPES},
)
async def read(
    request: Request,
    services: The,
    caller: Caller,
    after: After = None,
    types: Types = None,
    limit: Annotated[int, Query(ge=1, le=feed.GREATEST_LIMIT)] = 100,
    wait: Annotated[float, Query(ge=0, le=30, description="Seconds to wait for something to come.")] = 0,
    last_event_id: Annotated[str | None, Header(max_length=30)] = None,
) -> Any:
    """What happened, in order: posts found, gone and edited, gaps. At least once; what comes twice has the same id."""
    chosen = types_of((types or "").split(","))
    begin = _Reading(services, caller.tenant, chosen)
    number = await begin.start(last_event_id or after)
    accept = request.headers.get("accept", "")
    if EVENTS in accept:
        return StreamingResponse(_events(begin, number), media_type=EVENTS, headers={"X-Accel-Buffering": "no"})
    if LINES in accept:
        return StreamingResponse(_lines(begin, number), media_type=LINES, headers={"X-Accel-Buffering": "no"})
    deadline = time.monotonic() + wait
    found = await begin.page(number, limit)
    while not found.events and time.monotonic() < deadline and not await request.is_disconnected():
        await asyncio.sleep(min(LOOK_SECONDS, max(0.0, deadline - time.monotonic())))
        found = await begin.page(int(found.cursor), limit)
    return {"data": found.events, "next_cursor": found.cursor, "has_more": found.has_more}


class _Reading:
    """Looks of one reader, each on a thread and with a time of its own."""

    def __init__(self, services: Services, tenant: str, types: frozenset[EventType]) -> None:
        self._services, self._tenant, self._types = services, tenant, types

    async def start(self, after: str | None) -> int:
        """See `feed.start`. Raises Problem for a cursor that is too old."""
        try:
            with within(READ_SECONDS):
                return await run_in_threadpool(feed.start, self._services, self._tenant, after)
        except feed.TooOldError as error:
            raise Problem(Kind.GONE, str(error), oldest_cursor=error.oldest) from None

    async def page(self, number: int, limit: int) -> feed.Page:
        """See `feed.page`."""
        with within(READ_SECONDS):
            return await run_in_threadpool(
                feed.page, self._services, self._tenant, number, types=self._types, limit=limit
            )


async def _on(reading: _Reading, number: int) -> AsyncIterator[list[dict[str, Any]]]:
    """Pages for ever; an empty one where nothing came for a while. Ends where MongoDB does not answer: the reader
    comes again with its cursor.
    """
    told_at = time.monotonic()
    while True:
        try:
            found = await reading.page(number, AT_ONCE)
        except CoveyError:
            return
        number = int(found.cursor)
        if found.events or time.monotonic() - told_at >= HEARTBEAT_SECONDS:
            told_at = time.monotonic()
            yield found.events
        if not found.has_more:
            await asyncio.sleep(LOOK_SECONDS)


async def _lines(reading: _Reading, number: int) -> AsyncIterator[str]:
    async for events in _on(reading, number):
        yield "".join(f"{_text(one)}\n" for one in events) or "\n"


async def _events(reading: _Reading, number: int) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    async for events in _on(reading, number):
        told = (f"id: {one['cursor']}\nevent: {one['type']}\ndata: {_text(one)}\n\n" for one in events)
        yield "".join(told) or ": ping\n\n"


def _text(event: dict[str, Any]) -> str:
    return json.dumps(event, default=as_json, ensure_ascii=False, separators=(",", ":"))
