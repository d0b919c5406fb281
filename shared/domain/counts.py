"""Public counts of a post at one moment, and what two readings of them say. Pure.

A count that X did not say is None, never 0. Invariant: a difference is of what both readings know, so a count that was
left out once makes neither a fall nor a rise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from operator import attrgetter, sub


@dataclass(frozen=True, slots=True, kw_only=True)
class PostMetrics:
    """Public counts, or differences of them; None where it is not known."""

    repost_count: int | None = None
    reply_count: int | None = None
    like_count: int | None = None
    quote_count: int | None = None
    bookmark_count: int | None = None
    impression_count: int | None = None

    @property
    def engagement(self) -> int | None:
        """Acts of people: reposts, replies, likes, quotes and bookmarks; impressions are not acts.

        The sum of those that are known; None where none is.
        """
        acts = (self.repost_count, self.reply_count, self.like_count, self.quote_count, self.bookmark_count)
        known = [count for count in acts if count is not None]
        return sum(known) if known else None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known."""
        return self == _NOTHING

    @property
    def fallen(self) -> tuple[str, ...]:
        """Of differences, the names of the counts that fell."""
        return tuple(name for name, count in zip(NAMES, _VALUES(self), strict=True) if count is not None and count < 0)

    def minus(self, earlier: PostMetrics) -> PostMetrics:
        """The differences since `earlier` of what both know; negative where a count fell."""
        mine, theirs = _VALUES(self), _VALUES(earlier)
        if None in mine or None in theirs:
            return _of(map(_minus, mine, theirs))
        return _of(map(sub, mine, theirs))  # nearly all of them

    def or_else(self, earlier: PostMetrics | None) -> PostMetrics:
        """What is known now, and what only `earlier` knows."""
        if earlier is None or None not in _VALUES(self):
            return self
        return _of(map(_first, _VALUES(self), _VALUES(earlier)))


NAMES = tuple(field.name for field in fields(PostMetrics))
_VALUES = attrgetter(*NAMES)  # all counts, in the order of NAMES
_NOTHING = PostMetrics()


def _of(values: Iterable[int | None]) -> PostMetrics:
    return PostMetrics(**dict(zip(NAMES, values, strict=True)))


def _minus(now: int | None, earlier: int | None) -> int | None:
    return None if now is None or earlier is None else now - earlier


def _first(now: int | None, earlier: int | None) -> int | None:
    return earlier if now is None else now
