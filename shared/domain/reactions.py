"""Who reposted or liked a post: read on demand only, for X bills each account of the list. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

# X lists no more likers of a post than these, ever.
MOST_LIKERS: Final = 100


class Reaction(StrEnum):
    """What somebody did to a post. The values appear in MongoDB."""

    REPOST = "repost"
    LIKE = "like"


def to_expect(kind: Reaction, counted: int | None, limit: int) -> int:
    """How many accounts X will list at most: as many as it counts, where it has told that, and no more than wanted."""
    listed = MOST_LIKERS if kind is Reaction.LIKE else limit
    return min(limit, listed, limit if counted is None else counted)
