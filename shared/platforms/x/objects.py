"""One object of X, in either dialect, into the model: post, account, medium.

Pure. Tolerant: a field that X omits or spells in a way not known is left at its default and stays in `raw`. Strict in
one thing: an object without the key it is stored under raises NoAnswer, because dropping it would lose it unseen.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from shared.domain import snowflake
from shared.domain.errors import NoAnswer
from shared.domain.models import (
    JsonObject,
    Media,
    MediaType,
    Post,
    PostMetrics,
    Reference,
    ReferenceType,
    User,
    Variant,
)
from shared.platforms.x.body import boolean, identifier, json_object, number, text
from shared.runtime.clock import floor_ms

_REFERENCE_TYPES = {kind.value: kind for kind in ReferenceType}
_MEDIA_TYPES = {kind.value: kind for kind in MediaType}


def post(endpoint: str, raw: JsonObject) -> Post:
    """A post. Its long text, where it has one, replaces the one X cut short. Raises NoAnswer without an id."""
    post_id = _key(endpoint, raw, "post")
    note = json_object(raw, "note_tweet") or json_object(raw, "note_post")
    history = raw.get("edit_history_tweet_ids") or raw.get("edit_history_post_ids")
    return Post(
        id=post_id,
        text=text(note.get("text")) or text(raw.get("text")) or "",
        created_at=time(raw.get("created_at")) or _time_of_id(endpoint, post_id),
        author_id=identifier(raw.get("author_id")),
        conversation_id=identifier(raw.get("conversation_id")),
        in_reply_to_user_id=identifier(raw.get("in_reply_to_user_id")),
        references=_references(raw.get("referenced_tweets") or raw.get("referenced_posts")),
        entities=json_object(raw, "entities") | json_object(note, "entities"),
        attachments=_attachments(raw),
        lang=text(raw.get("lang")),
        source=text(raw.get("source")),
        reply_settings=text(raw.get("reply_settings")),
        edit_history_ids=tuple(i for value in _list(history) if (i := identifier(value)) is not None),
        metrics=_metrics(raw.get("public_metrics")),
        raw=raw,
    )


def user(endpoint: str, raw: JsonObject) -> User:
    """An account. Raises NoAnswer without an id or a username."""
    username = text(raw.get("username"))
    if not username:
        raise NoAnswer(endpoint, "an account without a username")
    return User(
        id=_key(endpoint, raw, "account"),
        username=username,
        name=text(raw.get("name")) or "",
        verified=boolean(raw.get("verified")),
        verified_type=text(raw.get("verified_type")),
        protected=boolean(raw.get("protected")),
        profile_image_url=text(raw.get("profile_image_url")),
        public_metrics=json_object(raw, "public_metrics"),
        description=text(raw.get("description")),
        url=text(raw.get("url")),
        location=text(raw.get("location")),
        created_at=time(raw.get("created_at")),
        raw=raw,
    )


def media(endpoint: str, raw: JsonObject) -> Media:
    """A photo, video or gif. Raises NoAnswer without a media key."""
    key = text(raw.get("media_key"))
    if not key:
        raise NoAnswer(endpoint, "a medium without a media key")
    kind = _MEDIA_TYPES.get(text(raw.get("type")) or "", MediaType.OTHER)
    return Media(
        key=key,
        type=kind,
        url=text(raw.get("url")),
        preview_image_url=text(raw.get("preview_image_url")),
        variants=tuple(v for item in _list(raw.get("variants")) if (v := _variant(item)) is not None),
        width=number(raw.get("width")),
        height=number(raw.get("height")),
        duration_ms=number(raw.get("duration_ms")),
        alt_text=text(raw.get("alt_text")),
        public_metrics=json_object(raw, "public_metrics"),
        raw=raw,
    )


def time(value: Any) -> datetime | None:
    """A time as X writes it (RFC 3339), aware and in UTC; None for everything else."""
    try:
        moment = datetime.fromisoformat(value)
        return floor_ms((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC))
    except (TypeError, ValueError, OverflowError):
        return None


def _key(endpoint: str, raw: JsonObject, what: str) -> int:
    key = identifier(raw.get("id"))
    if key is None:
        raise NoAnswer(endpoint, f"an object ({what}) without a usable id")
    return key


def _time_of_id(endpoint: str, post_id: int) -> datetime:
    try:
        return snowflake.created_at(post_id)
    except (OverflowError, ValueError) as error:
        raise NoAnswer(endpoint, f"post {post_id} has no time, and its id holds none") from error


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _references(value: Any) -> tuple[Reference, ...]:
    found = []
    for item in _list(value):
        kind = _REFERENCE_TYPES.get(str(item.get("type"))) if isinstance(item, dict) else None
        target = identifier(item.get("id")) if isinstance(item, dict) else None
        if kind is not None and target is not None:
            found.append(Reference(kind, target))
    return tuple(found)


def _attachments(raw: JsonObject) -> JsonObject:
    """The attachments, with `media_keys` a list of texts where it is there at all."""
    attachments = json_object(raw, "attachments")
    if "media_keys" not in attachments:
        return attachments
    return attachments | {"media_keys": [key for key in _list(attachments["media_keys"]) if isinstance(key, str)]}


def _metrics(value: Any) -> PostMetrics | None:
    if not isinstance(value, dict) or not value:
        return None
    reposts = number(value.get("repost_count"))
    return PostMetrics(
        repost_count=(number(value.get("retweet_count")) or 0) if reposts is None else reposts,
        reply_count=number(value.get("reply_count")) or 0,
        like_count=number(value.get("like_count")) or 0,
        quote_count=number(value.get("quote_count")) or 0,
        bookmark_count=number(value.get("bookmark_count")) or 0,
        impression_count=number(value.get("impression_count")) or 0,
    )


def _variant(value: Any) -> Variant | None:
    if not isinstance(value, dict):
        return None
    url, content_type = text(value.get("url")), text(value.get("content_type"))
    return Variant(url, content_type, number(value.get("bit_rate"))) if url and content_type else None
