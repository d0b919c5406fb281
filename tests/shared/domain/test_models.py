"""What crosses module borders."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.counts import PostMetrics
from shared.domain.models import (
    Media,
    MediaType,
    Page,
    Post,
    PostState,
    Reference,
    ReferenceType,
    Variant,
)

NOW = datetime(2024, 5, 1, tzinfo=UTC)
MP4, PLAYLIST = "video/mp4", "application/x-mpegURL"


def post_of(post_id: int, **values: object) -> Post:
    """A post with this id."""
    return Post(id=post_id, text="", created_at=NOW, **values)  # type: ignore[arg-type]


def test_engagement_is_the_acts_of_people() -> None:
    """Reposts, replies, likes, quotes and bookmarks; not impressions."""
    counts = PostMetrics(
        repost_count=1, reply_count=20, like_count=300, quote_count=4000, bookmark_count=50_000, impression_count=10**9
    )

    assert counts.engagement == 54_321


@settings(deadline=None)
@given(first=st.integers(0, 1 << 70), second=st.integers(0, 1 << 70))
def test_differences_are_exact_and_may_be_negative(first: int, second: int) -> None:
    """Subtracting a count and adding it again gives the count."""
    delta = PostMetrics(like_count=second).minus(PostMetrics(like_count=first))

    assert delta.like_count is not None
    assert first + delta.like_count == second
    assert delta.reply_count is None


@settings(deadline=None)
@given(ids=st.lists(st.integers(1, 1 << 70), max_size=9))
def test_a_page_orders_its_ids_as_numbers(ids: list[int]) -> None:
    """Newest and oldest are the greatest and the smallest number, whatever the order sent; None for an empty page."""
    page = Page(posts=tuple(map(post_of, ids)), included_posts=(post_of(1 << 80),))

    assert page.newest_id == (max(ids) if ids else None)
    assert page.oldest_id == (min(ids) if ids else None)


def test_the_best_file_of_a_medium() -> None:
    """A photo's own address; the mp4 of the highest bit rate; a gif's has rate 0; never a playlist or a preview."""
    variants = (Variant("p", PLAYLIST), Variant("s", MP4, 256), Variant("b", MP4, 2048), Variant("m", MP4, 832))

    assert Media(key="3_1", type=MediaType.PHOTO, url="u").best_url == "u"
    assert Media(key="7_1", type=MediaType.VIDEO, variants=variants, preview_image_url="v").best_url == "b"
    assert Media(key="16_1", type=MediaType.ANIMATED_GIF, variants=(Variant("g", MP4, 0),)).best_url == "g"
    assert Media(key="7_2", type=MediaType.VIDEO, variants=variants[:1], preview_image_url="v").best_url is None
    assert Media(key="3_2", type=MediaType.PHOTO).best_url is None


def test_a_post_knows_what_it_refers_to() -> None:
    """By kind of reference; None where there is none; its media keys are those of its own attachments."""
    post = post_of(9, references=(Reference(ReferenceType.QUOTED, 5),), attachments={"media_keys": ["3_1"]})

    assert post.referenced(ReferenceType.QUOTED) == 5
    assert post.referenced(ReferenceType.REPLIED_TO) is None
    assert post.media_keys == ("3_1",)
    assert post_of(1).media_keys == ()


def test_only_xs_word_makes_a_post_gone() -> None:
    """Deleted, suspended and protected are gone; alive and unknown are not."""
    assert {state for state in PostState if state.is_gone} == {
        *(PostState.DELETED, PostState.SUSPENDED, PostState.PROTECTED)
    }
