"""Posts in the normalized form: once for each (tenant, platform, external id), whatever the platform. Pure.

What a platform does not tell is None, never 0 or an empty text. A mention follows the later answers on its post; its
status is a person's: new, seen, handled, muted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.domain.attribution import Concern
from shared.domain.models import Media, Page, Post, User
from shared.domain.sources import X


class MentionStatus(StrEnum):
    """How far a person is with it. Values appear in MongoDB and on the command line."""

    NEW = "new"
    SEEN = "seen"
    HANDLED = "handled"
    MUTED = "muted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who wrote it, as last described. handle: in the case that the platform writes."""

    handle: str
    name: str | None = None
    followers: int | None = None
    is_verified: bool | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One post for one tenant. sources: ids of those that it concerns by this answer, the first finder first.

    shares_count: reposts; a quote is a mention of its own. media_urls: of the files, else of their previews.
    """

    tenant_id: str
    sources: tuple[str, ...]
    platform: str
    external_id: str
    url: str
    content: str
    author_id: str | None = None
    author_name: str | None = None
    author_handle: str | None = None
    author_followers: int | None = None
    author_verified: bool | None = None
    published_at: datetime
    likes_count: int | None = None
    comments_count: int | None = None
    shares_count: int | None = None
    media_type: str | None = None
    media_urls: tuple[str, ...] = ()
    location: str | None = None
    language: str | None = None

    @property
    def id(self) -> str:
        """Its key: one for each (tenant, platform, external id)."""
        return mention_id(self.tenant_id, self.platform, self.external_id)


def mention_id(tenant_id: str, platform: str, external_id: str) -> str:
    """The key of the mention that a post is to a tenant."""
    return f"{tenant_id}:{platform}:{external_id}"


def mentions_of(
    page: Page,
    concerns: Mapping[int, Sequence[Concern]],
    *,
    tenants: Mapping[str, str],
    known: Mapping[str, Collection[str]],
    authors: Mapping[int, Author],
) -> list[Mention]:
    """The mentions that the posts of a page are.

    concerns: by post. tenants: of their sources. known: the tenants that have a post already, by its id as text: their
    mentions follow what X says now. authors: those that are known; those that came with the page count more.
    """
    by_id = dict(authors) | {user.id: author_of(user) for user in page.users}
    media = {item.key: item for item in page.media}
    return [
        _mention(post, tenant, sources, by_id.get(post.author_id or 0), media)
        for post in page.posts
        for tenant, sources in _by_tenant(concerns.get(post.id, ()), tenants, known.get(str(post.id), ()))
    ]


def author_of(user: User) -> Author:
    """An account as the author of a mention."""
    followers = user.public_metrics.get("followers_count")
    verified = user.verified or (None if user.verified_type is None else user.verified_type != "none")
    return Author(
        handle=user.username,
        name=user.name or None,
        followers=followers if isinstance(followers, int) else None,
        is_verified=user.verified if verified is None else verified,
        location=user.location or None,
    )


def _by_tenant(
    concerns: Sequence[Concern], tenants: Mapping[str, str], known: Collection[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The tenants that a post is for, each with the sources of its own."""
    found: dict[str, dict[str, None]] = {tenant: {} for tenant in known}
    for concern in concerns:
        found.setdefault(tenants[concern.source], {})[concern.source] = None
    return ((tenant, tuple(sources)) for tenant, sources in found.items())


def _mention(
    post: Post, tenant: str, sources: tuple[str, ...], author: Author | None, media: Mapping[str, Media]
) -> Mention:
    files = [media[key] for key in post.media_keys if key in media]
    counts = post.metrics
    return Mention(
        tenant_id=tenant,
        sources=sources,
        platform=X,
        external_id=str(post.id),
        url=f"https://x.com/{author.handle if author else 'i/web'}/status/{post.id}",
        content=post.text,
        author_id=None if post.author_id is None else str(post.author_id),
        author_name=author.name if author else None,
        author_handle=author.handle if author else None,
        author_followers=author.followers if author else None,
        author_verified=author.is_verified if author else None,
        published_at=post.created_at,
        likes_count=counts.like_count if counts else None,
        comments_count=counts.reply_count if counts else None,
        shares_count=counts.repost_count if counts else None,
        media_type=files[0].type.value if files else None,
        media_urls=tuple(url for one in files if (url := one.best_url or one.preview_image_url)),
        location=_place(post) or (author.location if author else None),
        language=post.lang,
    )


def _place(post: Post) -> str | None:
    name = post.place.get("full_name")
    return name if isinstance(name, str) and name else None
