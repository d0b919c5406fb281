"""Posts in the normalized form."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.domain.attribution import Concern, Why
from shared.domain.counts import PostMetrics
from shared.domain.mentions import Author, Mention, author_of, mentions_of
from shared.domain.models import Media, MediaType, Page, Post, User, Variant

NOW = datetime(2024, 5, 1, tzinfo=UTC)
TENANTS = {"space": "a", "more-space": "a", "watch": "b"}
FILM = Media(key="7_1", type=MediaType.VIDEO, variants=(Variant("https://v/1.mp4", "video/mp4", 1),))
PHOTO = Media(key="3_1", type=MediaType.PHOTO, url="https://p/1.jpg")


def post(id_: int = 1, **more: Any) -> Post:
    """A post of account 7."""
    return Post(id=id_, text="hello", created_at=NOW, author_id=7, **more)


def concern(source: str) -> Concern:
    """It concerns the source."""
    return Concern(source, "nasa", Why.MENTION)


def mentions(page: Page, concerns: Any = None, known: Any = None, authors: Any = None) -> list[Mention]:
    """The mentions of a page."""
    return mentions_of(page, concerns or {}, tenants=TENANTS, known=known or {}, authors=authors or {})


def test_one_for_each_tenant_with_the_sources_of_its_own() -> None:
    """The first finder comes first; a post that concerns nobody is no mention."""
    page = Page(posts=(post(1), post(2)))
    found = mentions(page, {1: [concern("more-space"), concern("watch"), concern("space"), concern("space")]})

    assert [(one.id, one.sources) for one in found] == [("a:x:1", ("more-space", "space")), ("b:x:1", ("watch",))]


def test_a_tenant_that_has_it_already_is_told_what_x_says_now() -> None:
    """A look-up asks for nobody: the mentions that are there follow, and none is added."""
    page = Page(posts=(post(1, metrics=PostMetrics(like_count=9)), post(2)))

    found = mentions(page, known={"1": ["b"]})

    assert [(one.id, one.sources, one.likes_count) for one in found] == [("b:x:1", (), 9)]


def test_all_fields() -> None:
    """From the post, its author, its media and its place."""
    user = User(id=7, username="NASA", name="Nasa", verified=True, public_metrics={"followers_count": 5}, location="DC")
    whole = post(
        lang="en",
        metrics=PostMetrics(like_count=1, reply_count=2, repost_count=3, quote_count=4),
        attachments={"media_keys": ["7_1", "3_1", "3_404"]},
        place={"full_name": "Cape Canaveral"},
    )

    found = mentions(Page(posts=(whole,), users=(user,), media=(PHOTO, FILM)), {1: [concern("space")]})

    assert found == [
        Mention(
            tenant_id="a",
            sources=("space",),
            platform="x",
            external_id="1",
            url="https://x.com/NASA/status/1",
            content="hello",
            author_id="7",
            author_name="Nasa",
            author_handle="NASA",
            author_followers=5,
            author_verified=True,
            published_at=NOW,
            likes_count=1,
            comments_count=2,
            shares_count=3,
            media_type="video",
            media_urls=("https://v/1.mp4", "https://p/1.jpg"),
            location="Cape Canaveral",
            language="en",
        )
    ]


def test_what_is_not_told_is_not_known() -> None:
    """No author, no counts, no language: nothing is made up; the address leads to the post all the same."""
    (found,) = mentions(Page(posts=(post(),)), {1: [concern("space")]})

    unknown = (found.author_handle, found.author_verified, found.likes_count, found.language, found.media_type)
    assert unknown == (None, None, None, None, None)
    assert found.url == "https://x.com/i/web/status/1"


def test_an_author_that_is_known_already() -> None:
    """Where the account did not come along; one that did counts more."""
    page, known = Page(posts=(post(),)), {7: Author(handle="old", followers=1, location="Earth")}
    newer = Page(posts=(post(),), users=(User(id=7, username="new"),))

    (found,) = mentions(page, {1: [concern("space")]}, authors=known)
    (fresh,) = mentions(newer, {1: [concern("space")]}, authors=known)

    assert (found.author_handle, found.author_followers, found.location) == ("old", 1, "Earth")
    assert (fresh.author_handle, fresh.author_followers) == ("new", None)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"verified": True}, True),
        ({"verified": False}, False),
        ({"verified": False, "verified_type": "business"}, True),
        ({"verified_type": "none"}, False),
        ({}, None),
    ],
)
def test_whether_an_author_is_verified(told: dict[str, Any], expected: bool | None) -> None:
    """By either word of X; None where it says neither."""
    assert author_of(User(id=7, username="a", **told)).is_verified is expected
