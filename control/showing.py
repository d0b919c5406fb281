"""A post or an account as it is stored, for a person to look at. Reads only, and asks X nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from control.planned import estimate_now
from shared.domain.errors import InputError
from shared.domain.models import PostState, ReferenceType
from shared.domain.states import stored_state
from shared.stores.bundle import Stores
from shared.stores.database import Document
from shared.stores.posts import metrics_from_document
from shared.stores.shown import ShownStore

BARS: Final = "▁▂▃▄▅▆▇█"
WIDTH: Final = 40
SHOWN_SPAN: Final = timedelta(days=30)


def post(stores: Stores, post_id: int, *, now: datetime) -> dict[str, Any]:
    """A post as `described`, with its curve and what is stored around it. Raises InputError."""
    found, shown = described(stores, post_id, now=now), ShownStore(stores.db)
    counts = found["counts"]
    quotes, replies = (shown.referring(post_id, kind) for kind in (ReferenceType.QUOTED, ReferenceType.REPLIED_TO))
    return {
        **found,
        "curve": curve(shown.readings(post_id)),
        "quotes_stored": quotes,
        "quotes_missing": missing(counts.get("quote_count"), quotes),
        "replies_stored": replies,
        "replies_missing": missing(counts.get("reply_count"), replies),
        "media": [_file(one) for one in found["media"]],
    }


def described(stores: Stores, post_id: int, *, now: datetime) -> dict[str, Any]:
    """A post: text, author, times, counts, media as they are stored, state. Raises InputError.

    estimate: of its engagement by now, beside the counts as they were read, never in their place.
    """
    document, shown = stores.posts.get(post_id), ShownStore(stores.db)
    if document is None:
        raise InputError(f"post {post_id} is not stored: covey trace {post_id} says why")
    author_id = document.get("author_id")
    author = shown.user(user_id=int(author_id)) if author_id else None
    return {
        "id": document["_id"],
        "author": author and author.get("username"),
        "author_id": author_id,
        "created_at": document.get("created_at"),
        "text": document.get("text", ""),
        "counts": document.get("public_metrics", {}),
        "estimate": estimate_now(stores, post_id, now),
        "media": shown.media(document.get("attachments", {}).get("media_keys", [])),
        "state": _state(stores, post_id, document),
        "found_by": document.get("found_by"),
        "first_seen_at": document.get("first_seen_at"),
    }


def account(stores: Stores, name: str, *, now: datetime) -> dict[str, Any]:
    """An account by its name: who it is, its counts, what is stored of it, whether it is followed. Raises InputError.

    One that never was followed is found by its name as X writes it. curve: its stored posts, day by day.
    """
    known = stores.handles.names([name]).get(name.lower())
    shown = ShownStore(stores.db)
    document = shown.user(user_id=known.user_id) if known and known.user_id else shown.user(username=name)
    if document is None:
        followed = f": covey trace @{name} says why" if known else f" and not followed: covey track {name}"
        raise InputError(f"account @{name} is not stored{followed}")
    posts, newest = shown.posts_of(document["_id"])
    return {
        "id": document["_id"],
        "username": document.get("username") or name,
        "name": document.get("name"),
        "description": document.get("bio_snapshot", {}).get("description"),
        "verified": document.get("verified"),
        "protected": document.get("protected"),
        "created_at": document.get("created_at"),
        "counts": document.get("public_metrics", {}),
        "followed": bool(known and known.is_active),
        "posts_stored": posts,
        "newest_post": newest and {"id": newest["_id"], "created_at": newest.get("created_at")},
        "described_at": document.get("last_updated_at"),
        "curve": days(shown.posts_by_day(document["_id"], since=now - SHOWN_SPAN), now),
        "state": _gone(document) or {"state": PostState.ALIVE.value, "at": document.get("last_updated_at")},
    }


def missing(counted: int | None, stored: int) -> int | None:
    """How many X counts that are not stored; None where X has told no count."""
    return None if counted is None else max(0, counted - stored)


def curve(readings: Sequence[Document]) -> list[dict[str, Any]]:
    """Acts of people (likes, reposts, replies, quotes, bookmarks) at each reading that tells any."""
    told = [(one["at"], metrics_from_document(one.get("metrics") or {}).engagement) for one in readings]
    return [{"at": at, "engagement": engagement} for at, engagement in told if engagement is not None]


def days(posts: Mapping[date, int], now: datetime) -> list[dict[str, Any]]:
    """How many posts each of the last days has (UTC), today's so far, the oldest day first."""
    first = (now - SHOWN_SPAN).astimezone(UTC).date() + timedelta(days=1)
    each = [first + timedelta(days=number) for number in range(SHOWN_SPAN.days)]
    return [{"day": day.isoformat(), "posts": posts.get(day, 0)} for day in each]


def sparkline(values: Sequence[int], width: int = WIDTH) -> str:
    """The values as bars from the least to the greatest, spread over no more than `width`; all alike are flat."""
    if not values:
        return ""
    columns = min(len(values), width)
    step = max(columns - 1, 1)
    shown = [values[round(column * (len(values) - 1) / step)] for column in range(columns)]
    least, span = min(shown), max(max(shown) - min(shown), 1)
    return "".join(BARS[(value - least) * (len(BARS) - 1) // span] for value in shown)


def _state(stores: Stores, post_id: int, document: Document) -> dict[str, Any]:
    """What became of it, and since when that is known. reports: times that X called it gone, not believed yet."""
    if gone := _gone(document):
        return gone
    state, engagement = stored_state(document), stores.engagement.get(post_id)
    if engagement is None:
        return {"state": state.value, "at": document.get("described_at")}
    return {"state": state.value, "at": engagement.read_at, "reports": engagement.gone_reports}


def _gone(document: Document) -> dict[str, Any] | None:
    """X's word that a post or an account is gone, and what that means for what was written; None where it is there.

    said: in X's own words where these say more. purge_at, purged_at: when what was written goes, and when it went.
    """
    gone = document.get("gone")
    if not gone:
        return None
    told = {name: gone.get(name) for name in ("at", "by", "said", "purge_at", "purged_at")}
    return {"state": gone["reason"], **told}


def _file(media: Document) -> dict[str, Any]:
    download = media.get("download", {})
    return {"id": media["_id"], "type": media.get("type")} | {
        name: download.get(name) for name in ("status", "stored_path")
    }
