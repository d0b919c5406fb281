"""Which posts have their engagement followed, as sources ask for it. Pure.

    all                             every post
    none                            no post
    min_engagement, authors         what meets all that is named: so many acts of people, of an author who is followed

A post is followed as soon as one source that it concerns asks for it. What is wanted of a post is a number, the least
engagement from which on it is followed; so what another source adds, or a later reading, needs nothing else. A post
that came to be followed stays so when its counts fall.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from shared.domain.counts import PostMetrics
from shared.domain.engagement.next_reading import RETIRE_AGE, RefreshPolicy

AT_ONCE: Final = 0.0
NEVER: Final = math.inf


@dataclass(frozen=True, slots=True)
class RefreshRule:
    """Of which of its posts a source wants the engagement followed. Without conditions: of all, or of none.

    min_engagement: acts of people, in all. of_followed: only posts whose author is followed for its tenant.
    """

    is_any: bool = True
    min_engagement: int = 0
    of_followed: bool = False

    def follow_from(self, *, is_author_followed: bool) -> float:
        """The least engagement from which on it wants a post followed; `NEVER` is above all."""
        is_out = not self.is_any or (self.of_followed and not is_author_followed)
        return NEVER if is_out else float(self.min_engagement)


ALL: Final = RefreshRule()
NONE: Final = RefreshRule(is_any=False)


def lowest(asked: Iterable[float]) -> float | None:
    """From which engagement on a post is followed that so many sources ask for; None where none does."""
    return min(asked, default=None)


def left_out(follow_from: float, metrics: PostMetrics | None) -> float | None:
    """The engagement that a post with these counts still lacks to be followed; None: it is followed.

    Counts that nobody knows reach nothing.
    """
    engagement = metrics.engagement if metrics is not None else None
    is_reached = follow_from <= AT_ONCE or (engagement is not None and engagement >= follow_from)
    return None if is_reached else follow_from


def is_young(age: timedelta, policy: RefreshPolicy) -> bool:
    """Whether a post is young enough to begin to be followed."""
    return age <= RETIRE_AGE * policy.time_scale


@dataclass(frozen=True, slots=True)
class Reselected:
    """What becomes of a post whose sources ask for something else now. follow_from: None, it is followed from now."""

    post_id: int
    before: float | None
    follow_from: float | None


def reselected(
    post_id: int, before: float | None, *, follow_from: float, metrics: PostMetrics | None
) -> Reselected | None:
    """What changes of a post that lacked `before` to be followed (None: it was); None where nothing does."""
    lacks = left_out(follow_from, metrics)
    return None if lacks == before else Reselected(post_id, before, lacks)
