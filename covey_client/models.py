"""What is sent and answered.

Made from docs/openapi.json by `python -m tests.covey_client.generate`; not to be edited.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class CreatedToken(TypedDict):
    """token: its text, said this once."""

    created_at: str
    created_by: str
    expires_at: str | None
    id: str
    last_used_at: str | None
    name: str
    prefix: str
    revoked_at: str | None
    scopes: list[Scope]
    state: str
    tenant: str
    token: str


class Entry(TypedDict):
    """One change. outcome: begun, done, refused or failed."""

    action: str
    actor: EntryActor
    after: Any
    at: str
    before: Any
    id: str
    ip: str | None
    note: str | None
    outcome: str
    request_id: str | None
    target: str
    tenant: str
    token_prefix: str | None


class EntryActor(TypedDict):
    """Who acted."""

    id: str
    kind: str
    name: str


EventType = Literal["post.created", "post.gone", "post.edited", "coverage.gap"]


class Fault(TypedDict):
    """One thing that is wrong. pointer: where in the request, as a JSON pointer or the name of a parameter."""

    detail: str
    pointer: str


class FeedEvent(TypedDict):
    """One event. id: the same each time it is told. cursor: where to go on after it. data: by its type."""

    cursor: str
    data: dict[str, Any]
    id: str
    timestamp: str
    type: EventType


class FeedPage(TypedDict):
    """Events in order. next_cursor: where to go on. has_more: whether more is there by now."""

    data: list[FeedEvent]
    has_more: bool
    next_cursor: str


class Health(TypedDict):
    """status: ok."""

    status: str


class NewToken(TypedDict):
    """What a token is to be. tenant: yours where it is left out. expires_days: null is never."""

    expires_days: NotRequired[float | None]
    name: str
    scopes: list[Scope]
    tenant: NotRequired[str | None]


class PagedEntry(TypedDict):
    """PagedEntry."""

    data: list[Entry]
    next_cursor: str | None


class Problem(TypedDict):
    """RFC 9457. More members are there where they say something."""

    detail: str
    errors: NotRequired[list[Fault] | None]
    instance: str
    request_id: str
    retry_after: NotRequired[int | None]
    status: int
    title: str
    type: str


Scope = Literal[
    "read", "track:write", "runs:write", "exports", "stream", "operate", "dead:write", "budget:write", "admin"
]


class TokenRow(TypedDict):
    """A token as it may be shown. prefix: its first characters. state: active, expired or revoked."""

    created_at: str
    created_by: str
    expires_at: str | None
    id: str
    last_used_at: str | None
    name: str
    prefix: str
    revoked_at: str | None
    scopes: list[Scope]
    state: str
    tenant: str


class Who(TypedDict):
    """The bearer of the token that was shown."""

    kind: str
    name: str
    prefix: str | None
    scopes: list[Scope]
    tenant: str
