"""A flat post of twarc2, as the page that it was taken from. Pure."""

from __future__ import annotations

from typing import Any, Final

from shared.domain.models import JsonObject

# What twarc puts into a flat post in the place of ids.
_FLAT_MARKS: Final = ("author", "in_reply_to_user", "__twarc")


def unflat(flat: JsonObject) -> JsonObject:
    """The body of X that holds the post and what came along with it."""
    includes: dict[str, list[Any]] = {name: [] for name in ("users", "media", "tweets", "places", "polls")}
    return {"data": [_put_apart(flat, includes)], "includes": includes}


def _put_apart(flat: JsonObject, includes: dict[str, list[Any]]) -> JsonObject:
    """A flat post as X sent it; what was put into it goes into `includes`."""
    post = {name: value for name, value in flat.items() if name not in _FLAT_MARKS}
    includes["users"] += [
        flat[name] for name in ("author", "in_reply_to_user") if _described(flat.get(name), "username")
    ]
    if isinstance(attachments := flat.get("attachments"), dict):
        post["attachments"] = _attachments(attachments, includes)
    if isinstance(geo := flat.get("geo"), dict) and _described(geo, "full_name"):
        includes["places"].append(
            {name: value for name, value in geo.items() if name not in ("place_id", "coordinates")}
        )
        post["geo"] = {name: geo[name] for name in ("place_id", "coordinates") if name in geo}
        post["geo"].setdefault("place_id", geo.get("id"))
    if isinstance(references := flat.get("referenced_tweets"), list):
        post["referenced_tweets"] = [_reference(one, includes) for one in references]
    return post


def _attachments(attachments: JsonObject, includes: Any) -> JsonObject:
    plain = {name: value for name, value in attachments.items() if name not in ("media", "poll")}
    media = [one for one in attachments.get("media") or () if _described(one, "media_key")]
    includes["media"] += media
    if media:
        plain.setdefault("media_keys", [one["media_key"] for one in media])
    poll = attachments.get("poll")
    if isinstance(poll, dict) and "id" in poll:
        includes["polls"].append(poll)
        plain.setdefault("poll_ids", [poll["id"]])
    return plain


def _reference(reference: Any, includes: Any) -> Any:
    """The type and id alone; the post that was put into it came along."""
    if not isinstance(reference, dict):
        return reference
    if "text" in reference:
        includes["tweets"].append(
            _put_apart({name: value for name, value in reference.items() if name != "type"}, includes)
        )
    return {name: reference[name] for name in ("type", "id") if name in reference}


def _described(value: Any, name: str) -> bool:
    """Whether it is an object that says more than an id."""
    return isinstance(value, dict) and name in value
