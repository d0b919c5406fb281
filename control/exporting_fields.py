"""What can be exported: the kinds, their fields, and a stored document as a row of them. Pure.

Invariants: an id is text in every format; what is not known is None and never 0 or "".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Final

from shared.domain.errors import InputError

Row = dict[str, Any]


class Form(StrEnum):
    """What a value is. NESTED: an object or a list, kept as JSON text where a format has no such thing."""

    TEXT = "text"
    WHOLE = "whole"
    REAL = "real"
    FLAG = "flag"
    TIME = "time"
    NESTED = "nested"


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its name, where its value stands in the document (one step or two), what it is.

    asked: only where it is asked for.
    """

    name: str
    path: str
    form: Form = Form.TEXT
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One collection to export. time: the field that --from and --to are about. post_key: of the posts it belongs to,
    and key: what of its own is equal to that, or in it where that is a list."""

    name: str
    collection: str
    time: str
    fields: tuple[Field, ...]
    key: str
    post_key: str


def _same(form: Form, *names: str, asked: bool = False) -> tuple[Field, ...]:
    return tuple(Field(name, name, form, asked) for name in names)


def _under(form: Form, parent: str, **paths: str) -> tuple[Field, ...]:
    return tuple(Field(name, f"{parent}.{path}", form) for name, path in paths.items())


_COUNTS: Final = {
    "like_count": "like_count",
    "repost_count": "retweet_count",
    "reply_count": "reply_count",
    "quote_count": "quote_count",
    "bookmark_count": "bookmark_count",
    "impression_count": "impression_count",
}
_RAW: Final = (*_same(Form.NESTED, "raw", asked=True), *_same(Form.TEXT, "raw_text", asked=True))

_POSTS: Final = (
    Field("id", "_id"),
    *_same(Form.TEXT, "author_id", "text"),
    *_same(Form.TIME, "created_at"),
    *_same(Form.TEXT, "conversation_id", "in_reply_to_user_id", "lang", "source", "reply_settings"),
    *_under(Form.WHOLE, "public_metrics", **_COUNTS),
    *_same(Form.NESTED, "referenced_tweets", "entities", "attachments", "place", "polls", "geo", "withheld"),
    *_same(Form.NESTED, "edit_history_tweet_ids", "edit_controls", "concerns", "gone"),
    *_same(Form.TEXT, "found_by"),
    *_same(Form.TIME, "first_seen_at", "last_seen_at", "described_at"),
    *_RAW,
)
_USERS: Final = (
    Field("id", "_id"),
    *_same(Form.TEXT, "username", "name"),
    *_same(Form.FLAG, "verified", "protected"),
    *_same(Form.TEXT, "verified_type", "profile_image_url"),
    *_under(Form.TEXT, "bio_snapshot", description="description", url="url", location="location"),
    *_under(Form.WHOLE, "public_metrics", followers_count="followers_count", following_count="following_count"),
    *_under(Form.WHOLE, "public_metrics", post_count="tweet_count", listed_count="listed_count"),
    *_same(Form.TIME, "created_at", "last_updated_at"),
    *_RAW,
)
_ENGAGEMENT: Final = (
    Field("id", "_id"),
    *_same(Form.TEXT, "post_id"),
    *_same(Form.TIME, "at", "through"),
    *_under(Form.WHOLE, "metrics", **_COUNTS),
    *_under(Form.WHOLE, "deltas", **{f"{name}_delta": path for name, path in _COUNTS.items()}),
    *_same(Form.REAL, "velocity"),
    *_same(Form.TEXT, "tier"),
    *_same(Form.NESTED, "fallen"),
)
_MEDIA: Final = (
    Field("id", "_id"),
    *_same(Form.TEXT, "type", "url", "preview_image_url", "alt_text"),
    *_same(Form.WHOLE, "width", "height", "duration_ms"),
    *_same(Form.NESTED, "variants", "public_metrics"),
    *_under(Form.TEXT, "download", status="status", stored_path="stored_path", checksum="checksum", error="error"),
    *_under(Form.WHOLE, "download", byte_size="byte_size", attempts="attempts"),
    *_under(Form.TIME, "download", stored_at="last_success_at"),
    *_same(Form.TIME, "described_at"),
    *_RAW,
)
_MENTIONS: Final = (
    Field("id", "_id"),
    *_same(Form.TEXT, "tenant_id", "source_id"),
    *_same(Form.NESTED, "sources"),
    *_same(Form.TEXT, "platform", "external_id", "url", "content", "author_id", "author_name", "author_handle"),
    *_same(Form.WHOLE, "author_followers"),
    *_same(Form.FLAG, "author_verified"),
    *_same(Form.TIME, "published_at"),
    *_same(Form.WHOLE, "likes_count", "comments_count", "shares_count"),
    *_same(Form.TEXT, "media_type"),
    *_same(Form.NESTED, "media_urls"),
    *_same(Form.TEXT, "location", "language", "status"),
    *_same(Form.TIME, "created_at", "updated_at"),
)
# Another collection is one more row here.
KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind("posts", "X_tweets", "created_at", _POSTS, "_id", "_id"),
        Kind("users", "X_users", "last_updated_at", _USERS, "_id", "author_id"),
        Kind("engagement", "X_engagement_history", "at", _ENGAGEMENT, "post_id", "_id"),
        Kind("mentions", "mentions", "published_at", _MENTIONS, "external_id", "_id"),
        Kind("media", "X_media", "described_at", _MEDIA, "_id", "attachments.media_keys"),
    )
}


def kind_named(name: str) -> Kind:
    """The kind of that name. Raises InputError that names the nearest."""
    if name not in KINDS:
        raise InputError(f"{name!r} cannot be exported{_nearest(name, KINDS)}; there are {', '.join(KINDS)}")
    return KINDS[name]


def chosen(kind: Kind, names: str | None) -> tuple[Field, ...]:
    """The fields that are asked for (`id,text`), in that order; None: all but the raw ones.

    Raises InputError that names those that are none, each with the nearest.
    """
    if names is None:
        return tuple(field for field in kind.fields if not field.asked)
    known = {field.name: field for field in kind.fields}
    asked = list(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    unknown = [f"{name!r}{_nearest(name, known)}" for name in asked if name not in known]
    if unknown:
        raise InputError(f"{kind.name} have no field {'; '.join(unknown)}")
    if not asked:
        raise InputError(f"--fields names none; there are {', '.join(known)}")
    return tuple(known[name] for name in asked)


def mapper(fields: Sequence[Field]) -> Callable[[Mapping[str, Any]], Row]:
    """What makes a row of a document: {name: value}, times aware in UTC, nested values as they are stored."""
    empty: Row = dict.fromkeys(field.name for field in fields)
    steps = [(field.name, *field.path.partition(".")[::2], _READ[field.form]) for field in fields]

    def row(document: Mapping[str, Any]) -> Row:
        found = empty.copy()
        for name, first, second, read in steps:
            value = document.get(first)
            if second:
                value = value.get(second) if isinstance(value, dict) else None
            if value is not None:
                found[name] = read(value)
        return found

    return row


def iso(moment: datetime) -> str:
    """A time as text: 2026-05-01T12:00:00.000Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def json_text(value: object) -> str:
    """A value as JSON text in one line; times as `iso`."""
    return _JSON.encode(value)


def flat(row: Row) -> Row:
    """A row for a format without nested values: these as JSON text."""
    return {name: json_text(value) if isinstance(value, (dict, list)) else value for name, value in row.items()}


def _whole(value: Any) -> int | None:
    """A count; X has sent odd ones, which a column of numbers cannot hold."""
    return int(value) if isinstance(value, (int, float)) and abs(value) < 2**63 else None


def _real(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _time(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _nested(value: Any) -> Any:
    return value if isinstance(value, (dict, list)) else [value]


_READ: Final[dict[Form, Callable[[Any], Any]]] = {
    Form.TEXT: str,
    Form.WHOLE: _whole,
    Form.REAL: _real,
    Form.FLAG: bool,
    Form.TIME: _time,
    Form.NESTED: _nested,
}


def _plain(value: object) -> str:
    return iso(value) if isinstance(value, datetime) else str(value)


# One for all values: `json.dumps` makes a new one each time, which takes longer than what it writes.
_JSON: Final = json.JSONEncoder(default=_plain, ensure_ascii=False, separators=(",", ":"))


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    found = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" (did you mean {found[0]}?)" if found else ""
