"""One object of X, in either dialect, into the model: post, account, medium.

Pure. Tolerant: a field that X omits or spells in a way not known is left at its default and stays in `raw`; so is one
that no document can hold. Strict in one thing: an object without the key it is stored under raises Unusable, because
dropping it would lose it unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from shared.domain import snowflake
from shared.domain.counts import PostMetrics
from shared.domain.models import (
    JsonObject,
    Media,
    MediaType,
    Post,
    Reference,
    ReferenceType,
    User,
    Variant,
)
from shared.domain.set_aside import MAX_CHARACTERS, Reason, as_text, fits_document, measure
from shared.platforms.x.body import boolean, identifier, json_object, number, text
from shared.runtime.clock import floor_ms

# A media key is the name of a file and the subject of a job, which take no more.
_MAX_KEY = 128

_REFERENCE_TYPES = {kind.value: kind for kind in ReferenceType}
_MEDIA_TYPES = {kind.value: kind for kind in MediaType}


Objects = Mapping[str, JsonObject]
NONE: Objects = MappingProxyType({})


class Unusable(Exception):
    """The object cannot be stored, for this reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def post(raw: JsonObject, places: Objects = NONE, polls: Objects = NONE) -> Post:
    """A post. Its long text, where it has one, replaces the one X cut short. Raises Unusable without id or time.

    places, polls: those that came along with a page, by id; the post has its own of them.
    """
    whole, part = _whole(raw)
    post_id = _key(raw)
    note = json_object(raw, "note_tweet") or json_object(raw, "note_post")
    attachments, geo = _attachments(part(raw, "attachments")), part(raw, "geo")
    history = raw.get("edit_history_tweet_ids") or raw.get("edit_history_post_ids")
    return Post(
        id=post_id,
        text=text(note.get("text")) or text(raw.get("text")) or "",
        created_at=time(raw.get("created_at")) or _time_of_id(post_id),
        author_id=identifier(raw.get("author_id")),
        conversation_id=identifier(raw.get("conversation_id")),
        in_reply_to_user_id=identifier(raw.get("in_reply_to_user_id")),
        references=_references(raw.get("referenced_tweets") or raw.get("referenced_posts")),
        entities=part(raw, "entities") | part(note, "entities"),
        attachments=attachments,
        lang=text(raw.get("lang")),
        source=text(raw.get("source")),
        reply_settings=text(raw.get("reply_settings")),
        edit_history_ids=tuple(i for value in _list(history) if (i := identifier(value)) is not None),
        edit_controls=part(raw, "edit_controls"),
        geo=geo,
        withheld=part(raw, "withheld"),
        place=places.get(text(geo.get("place_id")) or "", {}) if geo else {},
        polls=_own(attachments, polls) if attachments else (),
        metrics=_metrics(raw.get("public_metrics")),
        **whole,
    )


def user(raw: JsonObject) -> User:
    """An account. Raises Unusable without an id or a username."""
    whole, part = _whole(raw)
    username = text(raw.get("username"))
    if not username:
        raise Unusable(Reason.NO_KEY)
    return User(
        id=_key(raw),
        username=username,
        name=text(raw.get("name")) or "",
        verified=boolean(raw.get("verified")),
        verified_type=text(raw.get("verified_type")),
        protected=boolean(raw.get("protected")),
        profile_image_url=text(raw.get("profile_image_url")),
        public_metrics=part(raw, "public_metrics"),
        description=text(raw.get("description")),
        url=text(raw.get("url")),
        location=text(raw.get("location")),
        created_at=time(raw.get("created_at")),
        **whole,
    )


def media(raw: JsonObject) -> Media:
    """A photo, video or gif. Raises Unusable without a media key."""
    whole, part = _whole(raw)
    key = text(raw.get("media_key"))
    if not key or len(key) > _MAX_KEY:
        raise Unusable(Reason.NO_KEY)
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
        public_metrics=part(raw, "public_metrics"),
        **whole,
    )


def named(raw: JsonObject) -> JsonObject:
    """A place or a poll, as X sent it. Raises Unusable without an id, and for one that no document can hold."""
    whole, _ = _whole(raw)
    if not text(raw.get("id")):
        raise Unusable(Reason.NO_KEY)
    if "raw" not in whole:
        raise Unusable(Reason.TOO_ODD)
    return raw


def time(value: Any) -> datetime | None:
    """A time as X writes it (RFC 3339), aware and in UTC; None for everything else."""
    try:
        moment = datetime.fromisoformat(value)
        return floor_ms((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC))
    except (TypeError, ValueError, OverflowError):
        return None


def _whole(raw: JsonObject) -> tuple[dict[str, Any], Callable[[JsonObject, str], JsonObject]]:
    """The object in the form that a document can hold, and how its parts are taken out. Raises Unusable."""
    fits, characters = measure(raw)
    if characters > MAX_CHARACTERS:
        raise Unusable(Reason.TOO_LARGE)
    return ({"raw": raw}, json_object) if fits else ({"raw_text": as_text(raw)}, _kept)


def _kept(container: JsonObject, key: str) -> JsonObject:
    """The object under `key`, empty where no document can hold it: `raw_text` has it."""
    value = json_object(container, key)
    return value if fits_document(value) else {}


def _key(raw: JsonObject) -> int:
    key = identifier(raw.get("id"))
    if key is None:
        raise Unusable(Reason.NO_KEY)
    return key


def _time_of_id(post_id: int) -> datetime:
    try:
        return snowflake.created_at(post_id)
    except (OverflowError, ValueError) as error:
        raise Unusable(Reason.NO_TIME) from error


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _own(attachments: JsonObject, polls: Objects) -> tuple[JsonObject, ...]:
    """The polls of a post, of those that came along."""
    asked = (id_ for id_ in _list(attachments.get("poll_ids")) if isinstance(id_, str))
    return tuple(polls[id_] for id_ in asked if id_ in polls)


def _references(value: Any) -> tuple[Reference, ...]:
    found = []
    for item in _list(value):
        kind = _REFERENCE_TYPES.get(str(item.get("type"))) if isinstance(item, dict) else None
        target = identifier(item.get("id")) if isinstance(item, dict) else None
        if kind is not None and target is not None:
            found.append(Reference(kind, target))
    return tuple(found)


def _attachments(attachments: JsonObject) -> JsonObject:
    """The attachments, with `media_keys` a list of texts where it is there at all."""
    if "media_keys" not in attachments:
        return attachments
    return attachments | {"media_keys": [key for key in _list(attachments["media_keys"]) if isinstance(key, str)]}


def _metrics(value: Any) -> PostMetrics | None:
    """The counts that X said; None where it said none."""
    if not isinstance(value, dict):
        return None
    reposts = number(value.get("repost_count"))
    metrics = PostMetrics(
        repost_count=number(value.get("retweet_count")) if reposts is None else reposts,
        reply_count=number(value.get("reply_count")),
        like_count=number(value.get("like_count")),
        quote_count=number(value.get("quote_count")),
        bookmark_count=number(value.get("bookmark_count")),
        impression_count=number(value.get("impression_count")),
    )
    return None if metrics.is_empty else metrics


def _variant(value: Any) -> Variant | None:
    if not isinstance(value, dict):
        return None
    url, content_type = text(value.get("url")), text(value.get("content_type"))
    return Variant(url, content_type, number(value.get("bit_rate"))) if url and content_type else None
