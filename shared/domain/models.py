"""What crosses module borders: posts, users, media and pages, in one form whichever dialect X spoke.

Pure data. Ids are integers, times are aware UTC. `raw` is the object exactly as X sent it, so that nothing is lost
when X adds a field; where no document can hold it, `raw` is empty and `raw_text` is the same as JSON text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from shared.domain.counts import PostMetrics
from shared.domain.set_aside import SetAside

JsonObject = dict[str, Any]


class ReferenceType(StrEnum):
    """How a post speaks of another."""

    REPLIED_TO = "replied_to"
    QUOTED = "quoted"
    RETWEETED = "retweeted"


@dataclass(frozen=True, slots=True)
class Reference:
    """A post that another one replies to, quotes or reposts."""

    type: ReferenceType
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One version of one post. `place` and `polls` are those of this very post, where they came along with it."""

    id: int
    text: str
    created_at: datetime
    author_id: int | None = None
    conversation_id: int | None = None
    in_reply_to_user_id: int | None = None
    references: tuple[Reference, ...] = ()
    entities: JsonObject = field(default_factory=dict)
    attachments: JsonObject = field(default_factory=dict)
    lang: str | None = None
    source: str | None = None
    reply_settings: str | None = None
    edit_history_ids: tuple[int, ...] = ()
    edit_controls: JsonObject = field(default_factory=dict)
    geo: JsonObject = field(default_factory=dict)
    withheld: JsonObject = field(default_factory=dict)
    place: JsonObject = field(default_factory=dict)
    polls: tuple[JsonObject, ...] = ()
    metrics: PostMetrics | None = None
    raw: JsonObject = field(default_factory=dict)
    raw_text: str | None = None

    @property
    def media_keys(self) -> tuple[str, ...]:
        """The media attached to this very post."""
        return tuple(self.attachments.get("media_keys", ()))

    def referenced(self, kind: ReferenceType) -> int | None:
        """The id of the post referred to in that way, None when there is none."""
        for reference in self.references:  # asked a few times of every post, most of which have none
            if reference.type is kind:
                return reference.id
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account as X described it."""

    id: int
    username: str
    name: str = ""
    verified: bool | None = None
    verified_type: str | None = None
    protected: bool | None = None
    profile_image_url: str | None = None
    public_metrics: JsonObject = field(default_factory=dict)
    description: str | None = None
    url: str | None = None
    location: str | None = None
    created_at: datetime | None = None
    raw: JsonObject = field(default_factory=dict)
    raw_text: str | None = None


class MediaType(StrEnum):
    """What a media object is. OTHER is a type this version does not know; `raw` holds X's word for it."""

    PHOTO = "photo"
    VIDEO = "video"
    ANIMATED_GIF = "animated_gif"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Variant:
    """One encoding of a video. `bit_rate` is in bit/s; a playlist has none, a gif's is 0."""

    url: str
    content_type: str
    bit_rate: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A photo, video or gif. `url` is set for photos only."""

    key: str
    type: MediaType
    url: str | None = None
    preview_image_url: str | None = None
    variants: tuple[Variant, ...] = ()
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    alt_text: str | None = None
    public_metrics: JsonObject = field(default_factory=dict)
    raw: JsonObject = field(default_factory=dict)
    raw_text: str | None = None

    @property
    def best_url(self) -> str | None:
        """The photo, or the mp4 of the highest bit rate; None when X gave no file."""
        if self.type is MediaType.PHOTO:
            return self.url
        files = [variant for variant in self.variants if variant.content_type == "video/mp4"]
        return max(files, key=lambda variant: variant.bit_rate or 0).url if files else None


class PostState(StrEnum):
    """What X said of one id. UNKNOWN means that X said nothing that settles it: ask again.

    WITHHELD: it is there, and X does not show it in some countries.
    """

    ALIVE = "alive"
    DELETED = "deleted"
    SUSPENDED = "suspended"
    PROTECTED = "protected"
    WITHHELD = "withheld"
    UNKNOWN = "unknown"

    @property
    def is_gone(self) -> bool:
        """Whether X said that the post cannot be read (any more)."""
        return self in {PostState.DELETED, PostState.SUSPENDED, PostState.PROTECTED}


@dataclass(frozen=True, slots=True, kw_only=True)
class RateHeaders:
    """What an answer said of the limits. None where a header was missing.

    `reset_at_seconds` are epoch seconds by X's clock; `date_seconds` is X's own `Date`, to place them.
    `day_*` are the 24-hour caps (`x-app-limit-24hour-*`, or `x-user-limit-24hour-*`).
    """

    limit: int | None = None
    remaining: int | None = None
    reset_at_seconds: int | None = None
    date_seconds: float | None = None
    day_limit: int | None = None
    day_remaining: int | None = None
    day_reset_at_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of X with posts.

    `posts` are the objects asked for, newest first as X sent them; `included_posts`, `users` and `media` came along.
    `states` holds every id asked for by name (lookups only). `newest_id` and `oldest_id` are over `posts`, numerically.
    `set_aside` is what X sent and nobody could read; it was paid for all the same.
    """

    posts: tuple[Post, ...] = ()
    included_posts: tuple[Post, ...] = ()
    users: tuple[User, ...] = ()
    media: tuple[Media, ...] = ()
    states: dict[int, PostState] = field(default_factory=dict)
    set_aside: tuple[SetAside, ...] = ()
    next_token: str | None = None
    rate: RateHeaders = field(default_factory=RateHeaders)

    @property
    def newest_id(self) -> int | None:
        """The greatest id of the page, None when it is empty."""
        return max((post.id for post in self.posts), default=None)

    @property
    def oldest_id(self) -> int | None:
        """The smallest id of the page, None when it is empty."""
        return min((post.id for post in self.posts), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserLookup:
    """The answer to a look-up of accounts.

    `missing` maps what was asked for (a lower-case username, or an id as text) to X's reason: `not-found`,
    `suspended`, `protected`, the last part of another problem's type, or `unknown` where X said nothing. next_token: of
    the next page, where it is a list.
    """

    users: tuple[User, ...] = ()
    missing: dict[str, str] = field(default_factory=dict)
    set_aside: tuple[SetAside, ...] = ()
    rate: RateHeaders = field(default_factory=RateHeaders)
    next_token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The posts that X counted for the project, by UTC day."""

    posts_by_day: dict[date, int] = field(default_factory=dict)
    rate: RateHeaders = field(default_factory=RateHeaders)


class WorkClass(StrEnum):
    """Classes of work, most urgent first; each has queues of its own and a floor in every window."""

    INTERACTIVE = "interactive"
    SEARCH = "search"
    QUOTES = "quotes"
    ENGAGEMENT = "engagement"
    BACKFILL = "backfill"


class CredentialKind(StrEnum):
    """Whom a credential speaks for: the app (bearer), or a user (OAuth 2.0 or 1.0a)."""

    BEARER = "bearer"
    OAUTH2_USER = "oauth2_user"
    OAUTH1_USER = "oauth1_user"
