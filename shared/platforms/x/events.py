"""From a line of a stream to what it says.

Pure. Each line is read by itself: one that cannot be read is an OddLine, never an error, so that it stops no other.
Posts are read as those of a page are; in events they have the names of the old dialect, and every number twice.
"""

from __future__ import annotations

from typing import Any

from shared.domain.errors import NoAnswer
from shared.domain.jobs import GREATEST_ID
from shared.domain.live.events import Deleted, Event, OddLine, Other, Posted, Renamed, Told
from shared.domain.live.standing import EventType
from shared.domain.models import JsonObject, RateHeaders
from shared.platforms.x.body import identifier, json_object, json_value, text
from shared.platforms.x.parser import parse_page

_SHOWN = 80
_POSTS = frozenset(
    [EventType.POST_CREATE.value, *(f"post.{how}.create" for how in ("mention", "reply", "quote", "repost"))]
)


def read_line(endpoint: str, line: bytes) -> Event:
    """What a line of `activity/stream` or of `search/stream` says."""
    try:
        body = json_value(endpoint, line)
    except NoAnswer:
        return _odd("not_json", line)
    if not isinstance(body, dict):
        return _odd("no_object", line)
    if not isinstance(body.get("data"), dict):
        faults = body.get("errors")
        told = faults[0] if isinstance(faults, list) and faults and isinstance(faults[0], dict) else body
        title = text(told.get("title"))
        return Told(title[:_SHOWN]) if title else _odd("no_data", line)
    return _of_event(endpoint, body["data"], line) if "event_type" in body["data"] else _post(endpoint, body, line)


def _of_event(endpoint: str, data: JsonObject, line: bytes) -> Event:
    kind, payload, uuid = text(data.get("event_type")), json_object(data, "payload"), identifier(data.get("event_uuid"))
    if kind in _POSTS:
        return _post(endpoint, {"data": payload, "includes": data.get("includes")}, line, uuid)
    if kind == EventType.POST_DELETE:
        post_id, author_id = identifier(payload.get("id")), identifier(payload.get("author_id"))
        if post_id is None or author_id is None or max(post_id, author_id) > GREATEST_ID:
            return _odd("no_id", line)
        return Deleted(post_id, author_id, uuid)
    if kind == EventType.HANDLE:
        user_id = identifier(json_object(data, "filter").get("user_id"))
        before, after = text(payload.get("before")), text(payload.get("after"))
        if user_id is None or user_id > GREATEST_ID or not before or not after:
            return _odd("no_name", line)
        return Renamed(user_id, before.removeprefix("@"), after.removeprefix("@"), uuid)
    return Other((kind or "")[:_SHOWN])


def _post(endpoint: str, body: JsonObject, line: bytes, uuid: int | None = None) -> Event:
    """A page of one post; what of it cannot be read is in its `set_aside`, as that of any page."""
    whole: dict[str, Any] = {"data": [body["data"]], "meta": {"result_count": 1}}
    try:
        return Posted(parse_page(endpoint, {**whole, "includes": body.get("includes") or {}}, RateHeaders()), uuid)
    except NoAnswer:
        return _odd("no_post", line)


def _odd(reason: str, line: bytes) -> OddLine:
    return OddLine(reason, line[:_SHOWN].decode("utf-8", "backslashreplace"))
