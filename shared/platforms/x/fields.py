"""Which fields Covey asks X for: one neutral list, spoken in either dialect.

Pure. It owns the names of request fields; the parser owns those of answers.

The two vocabularies are not one list renamed. The old one has fields for the ids around a post (author, references,
edits). The new one has none: there the ids come only with the expansion of the objects, and every included user or
post is billed. So a caller says whether it wants authors (`expand_authors`) and whether it needs the references
(`references`); in the old dialect the ids themselves come in any case and cost nothing. What else comes along with a
post is chosen by a person (`Along`).
Invariant: every value is in the published spec of its dialect, because X drops a field name it does not know without
a word and bills the page all the same.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Dialect(StrEnum):
    """The names of request fields: old (`tweet.fields`, spec up to 2.166) or new (`post.fields`, from 2.167)."""

    OLD = "old"
    NEW = "new"

    @property
    def other(self) -> Dialect:
        """The other one."""
        return Dialect.NEW if self is Dialect.OLD else Dialect.OLD


class Along(StrEnum):
    """What comes along with posts where a person wants it. X's price list names neither places nor polls."""

    PLACES = "places"
    POLLS = "polls"
    REFERENCED_POSTS = "referenced_posts"  # each is billed as a post


@dataclass(frozen=True, slots=True)
class _Names:
    """What one neutral name is called in each dialect; None where the dialect has no such field."""

    old: str
    new: str | None

    def name(self, dialect: Dialect) -> str | None:
        return self.old if dialect is Dialect.OLD else self.new


def _same(*names: str) -> tuple[_Names, ...]:
    return tuple(_Names(name, name) for name in names)


_POST = (
    *_same("attachments", "conversation_id", "created_at", "edit_controls", "entities", "geo", "id", "lang"),
    *_same("possibly_sensitive", "public_metrics", "reply_settings", "source", "text", "withheld"),
    _Names("author_id", None),
    _Names("in_reply_to_user_id", None),
    _Names("referenced_tweets", None),
    _Names("edit_history_tweet_ids", None),
    _Names("note_tweet", "note_post"),
)
_USER = (
    *("created_at", "description", "id", "location", "name", "profile_image_url", "protected", "public_metrics"),
    *("url", "username", "verified", "verified_type"),
)
_MEDIA = (
    *("alt_text", "duration_ms", "height", "media_key", "preview_image_url", "public_metrics", "type", "url"),
    *("variants", "width"),
)
_POST_PARAMETER = {Dialect.OLD: "tweet.fields", Dialect.NEW: "post.fields"}
_PLACE = ("contained_within", "country", "country_code", "full_name", "geo", "id", "name", "place_type")
_POLL = ("duration_minutes", "end_datetime", "id", "options", "voting_status")
# Only the new dialect needs it for the ids; in both it brings the posts themselves.
_REFERENCES = {Dialect.OLD: "referenced_tweets.id", Dialect.NEW: "referenced_posts"}


def peculiar_names(dialect: Dialect) -> frozenset[str]:
    """What only that dialect says: its parameter, and as `parameter=value` what the other one has no such name for.

    A refusal that names none of these is not about the dialect.
    """
    parameter = post_parameter(dialect)
    own = set(post_fields(dialect)) - set(post_fields(dialect.other))
    return frozenset({parameter, f"expansions={_REFERENCES[dialect]}", *(f"{parameter}={name}" for name in own)})


def post_parameter(dialect: Dialect) -> str:
    """The name of the request parameter that lists the fields of posts."""
    return _POST_PARAMETER[dialect]


def post_fields(dialect: Dialect) -> tuple[str, ...]:
    """The fields of posts that are asked for, in that dialect's names."""
    return tuple(name for names in _POST if (name := names.name(dialect)) is not None)


def tells_author_ids(dialect: Dialect) -> bool:
    """Whether a post names its author without the expansion that returns, and bills, the account."""
    return "author_id" in post_fields(dialect)


def post_parameters(
    dialect: Dialect, *, expand_authors: bool, references: bool, along: Collection[Along] = ()
) -> dict[str, str]:
    """Request parameters of a call that returns posts.

    expand_authors: return the accounts of the authors too; each is billed. references: the ids of posts replied to,
    quoted or reposted are needed; free in the old dialect, each included post is billed in the new one.
    """
    expansions = ["attachments.media_keys"]
    if expand_authors:
        expansions.append("author_id")
    if (references and dialect is Dialect.NEW) or Along.REFERENCED_POSTS in along:
        expansions.append(_REFERENCES[dialect])
    if Along.PLACES in along:
        expansions.append("geo.place_id")
    if Along.POLLS in along:
        expansions.append("attachments.poll_ids")
    parameters = {
        post_parameter(dialect): ",".join(post_fields(dialect)),
        "expansions": ",".join(expansions),
        "media.fields": ",".join(_MEDIA),
    }
    if Along.PLACES in along:
        parameters["place.fields"] = ",".join(_PLACE)
    if Along.POLLS in along:
        parameters["poll.fields"] = ",".join(_POLL)
    return parameters | user_parameters() if expand_authors else parameters


def user_parameters() -> dict[str, str]:
    """Request parameters of a call that returns accounts: the same in both dialects."""
    return {"user.fields": ",".join(_USER)}


def media_parameters() -> dict[str, str]:
    """Request parameters of a call that returns media: the same in both dialects."""
    return {"media.fields": ",".join(_MEDIA)}


def usage_parameters() -> dict[str, str]:
    """Request parameters of the usage call: the same in both dialects."""
    # The id is never read; with it an answer about a project without a single post is no empty object.
    return {"usage.fields": "daily_project_usage,project_id"}
