"""Owns the values of single fields of posts and users, where they depend on nothing but the object.

It must not choose which fields are shown. Invariant: None (for a user `""`) means that X would leave the
field out.
"""

from collections.abc import Callable

from simulator.accounts import Account
from simulator.calls import JsonObject
from simulator.clock import iso_ms
from simulator.lifetimes import EDIT_WINDOW_MS, MAX_EDITS
from simulator.post import Post
from simulator.snowflake import created_at_ms


def references(post: Post) -> list[tuple[str, Post]]:
    """Return what a post refers to, with the words of X for how."""
    pairs = (("retweeted", post.retweet_of), ("quoted", post.quote_of), ("replied_to", post.reply_to))
    return [(kind, other) for kind, other in pairs if other is not None]


def _attachments(post: Post) -> JsonObject | None:
    if post.poll is not None:
        return {"poll_ids": [str(post.poll.id)]}
    return {"media_keys": [media.key for media in post.media]} if post.media else None


def _geo(post: Post) -> JsonObject | None:
    if post.place is None:
        return None
    # Some tell the spot too, as on X.
    spot = {} if post.id % 3 else {"coordinates": {"type": "Point", "coordinates": list(post.place.centre)}}
    return {"place_id": post.place.id, **spot}


def _entities(post: Post) -> JsonObject | None:
    parts: JsonObject = {
        "mentions": [
            {"start": s.start, "end": s.end, "username": s.username, "id": str(s.account.id)} for s in post.mentions
        ],
        "hashtags": [{"start": s.start, "end": s.end, "tag": s.value} for s in post.hashtags],
        "urls": [
            {"start": s.start, "end": s.end, "url": s.url, "expanded_url": s.expanded_url, "display_url": s.display_url}
            | ({} if s.media_key is None else {"media_key": s.media_key})
            for s in post.urls
        ],
    }
    return {name: part for name, part in parts.items() if part} or None


def note(post: Post) -> JsonObject | None:
    """Return the whole text of a long post with what is named in it, or None for a short one."""
    if post.note_text is None:
        return None
    entities = _entities(post) or {}
    # Of a link the specs know no media key here.
    urls = [{name: value for name, value in link.items() if name != "media_key"} for link in entities.get("urls", [])]
    entities = {**entities, "urls": urls} if urls else entities
    return {"text": post.note_text, **({"entities": entities} if entities else {})}


def withheld(post: Post, scope: str) -> JsonObject | None:
    """Return where a post may not be seen; `scope` is the word for a post."""
    if not post.withheld_in:
        return None
    return {"copyright": False, "country_codes": list(post.withheld_in), "scope": scope}


def edit_controls(post: Post, now_ms: int) -> JsonObject:
    """Return until when, and how often, a post may still be edited."""
    until_ms = created_at_ms(post.chain[0]) + EDIT_WINDOW_MS
    return {
        "edits_remaining": max(0, MAX_EDITS + 1 - len(post.chain)),
        "is_edit_eligible": post.editable and now_ms < until_ms,
        "editable_until": iso_ms(until_ms),
    }


POST_FIELDS: dict[str, Callable[[Post], object]] = {
    "attachments": _attachments,
    "author_id": lambda post: str(post.author.id),
    "username": lambda post: post.author.username,
    "conversation_id": lambda post: str(post.conversation_id),
    "created_at": lambda post: iso_ms(post.created_at_ms),
    "entities": _entities,
    "geo": _geo,
    "in_reply_to_user_id": lambda post: None if post.reply_to is None else str(post.reply_to.author.id),
    "lang": lambda post: post.lang,
    "possibly_sensitive": lambda post: False,
    "reply_settings": lambda post: "everyone",
    "source": lambda post: post.source,
    "display_text_range": lambda post: [0, len(post.text)],
}


def user_fields(account: Account) -> tuple[tuple[str, object], ...]:
    """Return the fields of a user that depend on the account alone; `""` where it has none."""
    link = account.url or ""
    entities = {"url": {"urls": [{"start": 0, "end": len(link), "url": link, "expanded_url": "https://example.org/"}]}}
    return (
        ("created_at", iso_ms(account.created_at_ms)),
        ("description", account.description),
        ("location", account.location),
        ("url", link),
        ("entities", entities if link else ""),
        ("protected", account.protected_at_ms is not None),
        ("verified", account.verified_type != "none"),
        ("verified_type", account.verified_type),
    )
