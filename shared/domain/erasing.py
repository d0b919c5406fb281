"""Erasing a person or a post: what is meant, and what of a page must not be stored again. Pure.

What was erased is remembered as a keyed hash only, so that the list tells nobody who is on it. Invariant: a page costs
nothing to check while nothing was erased; after that, one set lookup an object.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from shared.domain.models import Page, Post, ReferenceType, User


class Erased(StrEnum):
    """What was erased."""

    USER = "user"
    POST = "post"


@dataclass(frozen=True, slots=True)
class Subject:
    """An account or a post. usernames: what an account is or was called here."""

    kind: Erased
    id: int
    usernames: tuple[str, ...] = ()


def digest(key: bytes, kind: Erased, id_: int) -> str:
    """What is remembered of a subject: nobody without the key can tell whether an id is meant."""
    return hmac.new(key, f"{kind.value}:{id_}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Blocked:
    """All that was erased, by hashes under a key."""

    key: bytes = field(default=b"", repr=False)
    hashes: frozenset[str] = frozenset()

    def has(self, kind: Erased, id_: int | None) -> bool:
        """Whether it was erased."""
        return bool(self.hashes) and id_ is not None and digest(self.key, kind, id_) in self.hashes

    def has_post(self, post: Post) -> bool:
        """Whether the post or its author was erased."""
        return self.has(Erased.POST, post.id) or self.has(Erased.USER, post.author_id)

    def users(self, users: Sequence[User]) -> tuple[User, ...]:
        """Those of the accounts that were not erased."""
        return tuple(users) if not self.hashes else tuple(one for one in users if not self.has(Erased.USER, one.id))

    def without(self, page: Page) -> Page:
        """The page without what was erased: posts, reposts of them, which are the same words, accounts and media."""
        if not self.hashes:
            return page
        gone = {one.id for one in (*page.posts, *page.included_posts) if self.has_post(one)}
        own, included = (_but(posts, gone, self) for posts in (page.posts, page.included_posts))
        lost = {key for one in (*page.posts, *page.included_posts) for key in one.media_keys}
        lost -= {key for one in (*own, *included) for key in one.media_keys}
        media = tuple(item for item in page.media if item.key not in lost)
        return replace(page, posts=own, included_posts=included, users=self.users(page.users), media=media)


def _but(posts: Sequence[Post], gone: set[int], blocked: Blocked) -> tuple[Post, ...]:
    return tuple(one for one in posts if one.id not in gone and not _repeats(one, gone, blocked))


def _repeats(post: Post, gone: set[int], blocked: Blocked) -> bool:
    reposted = [one.id for one in post.references if one.type is ReferenceType.RETWEETED]
    return any(one in gone or blocked.has(Erased.POST, one) for one in reposted)
