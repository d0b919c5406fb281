"""Single objects of X in either dialect."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.domain import snowflake
from shared.domain.counts import PostMetrics
from shared.domain.models import MediaType, Reference, ReferenceType
from shared.platforms.x import objects as parse

COUNTS = {"reply_count": 2, "like_count": 3, "quote_count": 4, "bookmark_count": 5, "impression_count": 6}
OLD = {
    "id": "1790000000000000001",
    "text": "short…",
    "author_id": "7",
    "public_metrics": {"retweet_count": 1, **COUNTS},
    "referenced_tweets": [{"type": "quoted", "id": "5"}],
    "edit_history_tweet_ids": ["4", "1790000000000000001"],
    "note_tweet": {"text": "the long text", "entities": {"hashtags": [{"tag": "late"}]}},
    "entities": {"urls": [{"url": "u"}], "hashtags": []},
}
NEW = {
    "id": "1790000000000000001",
    "text": "short…",
    "author_id": "7",
    "public_metrics": {"repost_count": 1, **COUNTS},
    "referenced_posts": [{"type": "quoted", "id": "5"}],
    "edit_history_post_ids": ["4", "1790000000000000001"],
    "note_post": {"text": "the long text", "entities": {"hashtags": [{"tag": "late"}]}},
    "entities": {"urls": [{"url": "u"}], "hashtags": []},
}


@pytest.mark.parametrize("raw", [OLD, NEW], ids=["old", "new"])
def test_both_dialects_say_the_same(raw: dict[str, Any]) -> None:
    """Names differ, the post is one; its long text and the entities of that replace the short ones."""
    post = parse.post(raw)

    assert post.text == "the long text"
    assert post.entities == {"urls": [{"url": "u"}], "hashtags": [{"tag": "late"}]}
    assert post.metrics == PostMetrics(
        repost_count=1, reply_count=2, like_count=3, quote_count=4, bookmark_count=5, impression_count=6
    )
    assert post.references == (Reference(ReferenceType.QUOTED, 5),)
    assert post.edit_history_ids == (4, 1790000000000000001)
    assert post.raw is raw


def test_a_bare_post_is_filled_from_its_id() -> None:
    """X gave nothing but the id: the time is in it, the rest is empty, and the counts are unknown, not zero."""
    post = parse.post({"id": "1790000000000000001"})

    assert post.created_at == snowflake.created_at(1790000000000000001)
    assert (post.text, post.author_id, post.metrics, post.references) == ("", None, None, ())


def test_time_is_read_in_utc_and_milliseconds() -> None:
    """X's time counts where it is given, whatever zone it is in."""
    post = parse.post({"id": "20", "created_at": "2006-03-21T21:50:14.123456+01:00"})

    assert post.created_at == datetime(2006, 3, 21, 20, 50, 14, 123_000, tzinfo=UTC)


@pytest.mark.parametrize("created_at", ["", "yesterday", 5, None, "0001-01-01T00:00:00+10:00"])
def test_a_time_that_is_none_is_taken_from_the_id(created_at: object) -> None:
    """A broken field costs no post."""
    post = parse.post({"id": "1790000000000000001", "created_at": created_at})

    assert post.created_at == snowflake.created_at(1790000000000000001)


def test_ids_past_sixty_three_bits_are_read() -> None:
    """Python's integers have no end, and neither do X's ids."""
    assert parse.post({"id": str(2**64 + 5)}).id == 2**64 + 5


@pytest.mark.parametrize("raw", [{}, {"id": None}, {"id": "x"}, {"id": "1" * 30}, {"id": str(10**24)}, {"id": 1.0}])
def test_a_post_without_an_id_that_holds_is_refused(raw: dict[str, Any]) -> None:
    """It could be neither stored nor read again; whoever reads the page sets it aside."""
    with pytest.raises(parse.Unusable, match="no_"):
        parse.post(raw)


def test_odd_parts_stay_in_raw_only() -> None:
    """References of a new kind, keys that are no texts, variants without an address: left out, not fatal."""
    post = parse.post(
        {
            "id": "1",
            "referenced_tweets": [{"type": "remixed", "id": "5"}, "x", {"type": "quoted"}],
            "attachments": {"media_keys": ["3_1", 7, None], "poll_ids": ["1"]},
            "public_metrics": {"like_count": "9", "retweet_count": None},
        },
    )

    assert post.references == ()
    assert post.media_keys == ("3_1",)
    assert post.metrics == PostMetrics(like_count=9)


def test_media_of_every_kind() -> None:
    """A photo has its address, a video the mp4 of the highest bit rate, and an unknown kind is kept as such."""
    photo = parse.media({"media_key": "3_1", "type": "photo", "url": "https://pbs.twimg.com/a.jpg"})
    video = parse.media(
        {
            "media_key": "7_1",
            "type": "video",
            "duration_ms": 5,
            "variants": [
                {"content_type": "application/x-mpegURL", "url": "https://video.twimg.com/a.m3u8"},
                {"bit_rate": 1, "content_type": "video/mp4", "url": "https://video.twimg.com/low.mp4"},
                {"bit_rate": 9, "content_type": "video/mp4", "url": "https://video.twimg.com/high.mp4"},
                {"content_type": "video/mp4"},
            ],
        },
    )
    other = parse.media({"media_key": "99_1", "type": "hologram"})

    assert photo.best_url == "https://pbs.twimg.com/a.jpg"
    assert (video.best_url, len(video.variants)) == ("https://video.twimg.com/high.mp4", 3)
    assert (other.type, other.best_url) == (MediaType.OTHER, None)


@pytest.mark.parametrize("raw", [{"id": "1"}, {"username": "a"}, {"id": "1", "username": ""}])
def test_an_account_needs_id_and_name(raw: dict[str, Any]) -> None:
    """Both are keys of the store; X always sends both."""
    with pytest.raises(parse.Unusable, match="no_"):
        parse.user(raw)
