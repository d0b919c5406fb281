"""A conversation as a tree, from the posts of it that are stored. Pure.

Invariant: every post is in the tree once; one whose parent is not stored hangs where the parent would, under a node of
its own that says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A post of a conversation. parent_id: the post that it replies to; None for the first one. replies: X's count."""

    id: int
    parent_id: int | None
    author: str
    text: str
    created_at: datetime
    likes: int | None = None
    replies: int | None = None
    replies_stored: int = 0

    @property
    def replies_missing(self) -> int:
        """How many replies X counts that are not stored."""
        return max(0, (self.replies or 0) - self.replies_stored)


@dataclass(frozen=True, slots=True)
class Branch:
    """A post with its depth below the first one. reply: None for one that is not stored."""

    id: int
    depth: int
    reply: Reply | None


def tree(posts: Sequence[Reply]) -> list[Branch]:
    """The branches in the order in which a person reads them: each post, then what replies to it, the oldest first."""
    known = {post.id: post for post in posts}
    children: dict[int | None, list[int]] = defaultdict(list)
    for post in sorted(known.values(), key=lambda one: one.id):
        children[post.parent_id].append(post.id)
    for parent_id in [one for one in children if one is not None and one not in known]:
        children[None].append(parent_id)
    roots = sorted(children[None])
    return [branch for root in roots for branch in _branches(root, known, children)]


def _branches(root: int, known: dict[int, Reply], children: dict[int | None, list[int]]) -> Iterator[Branch]:
    """Without recursion: conversations are deeper than Python's stack. A reply is younger than what it replies to, so
    no circle is followed: one that X might claim is cut where a post would be met twice."""
    open_now, met = [(root, 0)], set()
    while open_now:
        id_, depth = open_now.pop()
        if id_ in met:
            continue
        met.add(id_)
        yield Branch(id_, depth, known.get(id_))
        open_now += [(child, depth + 1) for child in reversed(children[id_])]
