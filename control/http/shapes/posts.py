"""Posts and what is around them, as they are answered."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from control.http.paging import Paged
from shared.domain.mentions import MentionStatus


class Counts(BaseModel):
    """As X told them last; null: it has not."""

    like_count: int | None
    repost_count: int | None
    reply_count: int | None
    quote_count: int | None
    bookmark_count: int | None
    impression_count: int | None


class Reading(BaseModel):
    """One reading. through: until when later readings said the same. *_delta: since the reading before; null where one
    of the two does not tell. velocity: acts of people an hour. fallen: counts that were less than before.
    """

    at: datetime
    through: datetime | None
    like_count: int | None
    repost_count: int | None
    reply_count: int | None
    quote_count: int | None
    bookmark_count: int | None
    impression_count: int | None
    like_count_delta: int | None
    repost_count_delta: int | None
    reply_count_delta: int | None
    quote_count_delta: int | None
    bookmark_count_delta: int | None
    impression_count_delta: int | None
    velocity: float | None
    tier: str | None
    fallen: list[str] | None


class Guess(BaseModel):
    """Acts of people (likes, reposts, replies, quotes, bookmarks) that a post probably has at a time, and between which
    bounds. model: what it was learned from.
    """

    at: datetime | None = None
    acts: float
    low: float
    high: float
    model: str


class Growth(BaseModel):
    """Acts that are expected from now on."""

    until_midnight: float
    in_a_day_more: float


class Place(BaseModel):
    """Its place in the order of the day: number, of how many, of which so many are bought."""

    number: int
    of: int
    buys: float


class Preview(BaseModel):
    """When and why a post is read next. usd: what that reading costs. refresh_usd: what it costs to read it now. by:
    what decides, the tiers or the planner. What is not known, and all of a post that is not followed, is null.
    """

    id: str
    is_followed: bool
    by: str | None = None
    state: str | None = None
    tier: str | None = None
    velocity: float | None = None
    acts: int | None = None
    read_at: datetime | None = None
    next_reading_at: datetime | None = None
    why: str
    usd: float | None = None
    refresh_usd: float
    place: Place | None = None
    estimate: Guess | None = None
    grows: Growth | None = None
    model: str | None = None


class Variant(BaseModel):
    """One encoding of a video. bit_rate: in bit/s."""

    url: str
    content_type: str
    bit_rate: int | None


class File(BaseModel):
    """A photo, video or gif. status: of its file, which lies at stored_path below the media folder; its SHA-256."""

    id: str
    type: str | None
    url: str | None
    preview_image_url: str | None
    alt_text: str | None
    width: int | None
    height: int | None
    duration_ms: int | None
    variants: list[Variant] | None
    status: str | None
    stored_path: str | None
    checksum: str | None
    byte_size: int | None
    attempts: int | None
    error: str | None
    stored_at: datetime | None


class Standing(BaseModel):
    """What became of it, as of when. by, said: how that was learned, and X's words. reports: times that X called it
    gone, not believed yet. purge_at, purged_at: when what was written goes, and when it went.
    """

    state: str
    at: datetime | None
    by: str | None = None
    said: str | None = None
    reports: int | None = None
    purge_at: datetime | None = None
    purged_at: datetime | None = None


class Referring(BaseModel):
    """Posts of the tenant that refer to it. counted: X's own count. missing: null where it is not known. is_capped:
    there are more than were counted.
    """

    stored: int
    is_capped: bool
    counted: int | None
    missing: int | None


class Around(BaseModel):
    """Quotes of it and replies to it."""

    quotes: Referring
    replies: Referring


class Post(BaseModel):
    """A post with its series, the oldest reading first. estimate: of its engagement by now, beside the counts as they
    were read. is_curve_cut: there are more readings than these.
    """

    id: str
    author: str | None
    author_id: str | None
    created_at: datetime | None
    text: str
    counts: Counts
    curve: list[Reading]
    is_curve_cut: bool
    estimate: Guess | None
    around: Around
    media: list[File]
    state: Standing
    next: Preview
    found_by: str | None
    first_seen_at: datetime | None


class PostRow(BaseModel):
    """A post in a list. language: X's word for it. state: alive, withheld, deleted, suspended or protected."""

    id: str
    author: str | None
    author_id: str | None
    created_at: datetime
    text: str
    language: str | None
    counts: Counts
    state: str


class Hit(PostRow):
    """A post that was found. mention_id, sources, status: of what it is to the tenant."""

    mention_id: str
    sources: list[str]
    status: MentionStatus


class FacetValue(BaseModel):
    """One value, and how many have it. capped: at least so many. null: what has none."""

    value: str | None
    count: int
    capped: bool


class Facets(BaseModel):
    """The most frequent values of what fits. searched_to: they are of what is newer than this; null: of all."""

    language: list[FacetValue]
    source: list[FacetValue]
    author: list[FacetValue]
    status: list[FacetValue]
    searched_to: datetime | None


class Hits(Paged[Hit]):
    """A page. searched_to: it ended because so far back was looked, with fewer rows than asked for; go on with
    next_cursor. null: everything down to its last row was looked at.
    """

    searched_to: datetime | None
    facets: Facets | None


class Branch(BaseModel):
    """A post of a conversation, with its depth below the first one. One that is not there has id and depth alone."""

    id: str
    depth: int
    is_stored: bool
    author: str | None = None
    text: str | None = None
    created_at: datetime | None = None
    likes: int | None = None
    replies: int | None = None
    replies_missing: int | None = None


class Thread(BaseModel):
    """A conversation in the order in which a person reads it. is_cut: it is longer than was asked for."""

    data: list[Branch]
    is_cut: bool
