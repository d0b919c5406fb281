"""Documents of the predecessor's collections, as X told them: posts, accounts, media, tracked handles, states. Pure.

X_tweets, X_users, X_media   an object of X again: what X sent (`raw`), and over it the fields that were kept up
X_tracked_handles            a name, and whether it was followed
X_state                      where the predecessor's own reading stood, which says nothing here
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Final

from shared.domain.errors import InputError
from shared.domain.models import JsonObject
from shared.domain.snowflake import created_at
from shared.platforms.x.addresses import username_of
from shared.platforms.x.objects import time as x_time

# As of when X told what has no time: before everything, so that it undoes nothing.
UNDATED: Final = created_at(0)
_MEDIA_KEY: Final = re.compile(r"\d{1,3}_\d+")


class Kind(StrEnum):
    """What a document is. Values are words of `covey import --kind`."""

    HANDLES = "handles"
    USERS = "users"
    MEDIA = "media"
    POSTS = "posts"
    STATE = "state"


KIND_OF: Final = {
    "X_tracked_handles": Kind.HANDLES,
    "X_users": Kind.USERS,
    "X_media": Kind.MEDIA,
    "X_tweets": Kind.POSTS,
    "X_state": Kind.STATE,
}
_POST: Final = (
    *("author_id", "text", "created_at", "conversation_id", "in_reply_to_user_id", "referenced_tweets", "entities"),
    *("attachments", "lang", "source", "reply_settings", "public_metrics"),
)
_USER: Final = (
    *("username", "name", "verified", "verified_type", "protected", "profile_image_url", "public_metrics"),
    *("created_at",),
)
_BIO: Final = ("description", "url", "location")
_MEDIUM: Final = (
    *("type", "url", "variants", "width", "height", "duration_ms", "alt_text", "public_metrics"),
    *("preview_image_url",),
)
_TOLD_AT: Final = {
    Kind.POSTS: ("last_seen_at", "first_seen_at"),
    Kind.USERS: ("last_updated_at",),
    Kind.MEDIA: ("download.last_success_at", "download.last_attempt_at"),
}


@dataclass(frozen=True, slots=True)
class Handle:
    """An account that the predecessor followed, or did once. user_id: None where it was not known."""

    name: str
    user_id: int | None
    is_active: bool


def kind_named(word: str) -> Kind:
    """The kind of that name. Raises InputError that names the nearest."""
    names = [kind.value for kind in Kind]
    if word in names:
        return Kind(word)
    near = get_close_matches(word, names, n=1, cutoff=0.5)
    hint = f" (did you mean {near[0]}?)" if near else ""
    raise InputError(f"{word!r} is no kind of document{hint}; there are {', '.join(names)}")


def kind_of(document: JsonObject) -> Kind | None:
    """What a document is, by what it has; None where nothing tells."""
    names = document.keys()
    if "value" in names and names <= {"_id", "value", "updated_at"}:
        return Kind.STATE
    if names & {"text", "author_id", "conversation_id"}:
        return Kind.POSTS
    if "media_key" in _object(document, "raw") or _MEDIA_KEY.fullmatch(str(document.get("_id"))):
        return Kind.MEDIA
    if "username" in names:
        return Kind.HANDLES if names & {"active", "user_id"} else Kind.USERS
    return None


def as_page(document: JsonObject, kind: Kind) -> JsonObject:
    """The body that X would have answered with it: of a post, an account or a medium."""
    if kind is Kind.POSTS:
        return {"data": [_told(document, _POST) | {"id": _key(document)}]}
    if kind is Kind.USERS:
        bio = _object(document, "bio_snapshot")
        user = _told(document, _USER) | {name: bio[name] for name in _BIO if bio.get(name) is not None}
        return {"data": [], "includes": {"users": [user | {"id": _key(document)}]}}
    return {"data": [], "includes": {"media": [_told(document, _MEDIUM) | {"media_key": _key(document)}]}}


def told_at(document: JsonObject, kind: Kind) -> datetime:
    """When X told it, as far as the document says."""
    for path in _TOLD_AT[kind]:
        first, _, second = path.partition(".")
        value = _object(document, first).get(second) if second else document.get(first)
        if (at := x_time(value)) is not None:
            return max(at, UNDATED)
    return UNDATED


def handle_of(document: JsonObject) -> Handle:
    """The account that a document is about. Raises ValueError where it names none."""
    name = document.get("username") or document.get("_id")
    try:
        name = username_of(str(name))
    except InputError as error:
        raise ValueError(str(error)) from None
    user_id = str(document.get("user_id") or "")
    is_id = user_id.isascii() and user_id.isdigit() and int(user_id) < 2**63
    return Handle(name, int(user_id) if is_id else None, document.get("active") is not False)


def _told(document: JsonObject, names: tuple[str, ...]) -> dict[str, Any]:
    kept = {name: value for name in names if (value := document.get(name)) is not None}
    return {**_object(document, "raw"), **kept}


def _key(document: JsonObject) -> Any:
    """Its id as text, which X's ids are; a number too."""
    key = document.get("_id")
    return str(key) if isinstance(key, int) and not isinstance(key, bool) else key


def _object(document: JsonObject, name: str) -> Mapping[str, Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}
