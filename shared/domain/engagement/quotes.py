"""Whose quotes to read next: the priority rule. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class QuoteRule:
    """The numbers of the rule."""

    posts_per_round: int = 5
    min_likes: int = 10
    recheck: timedelta = timedelta(hours=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteCandidate:
    """A recent post of a tracked account. `quotes_read_at` is when its quotes were last read, None for never."""

    post_id: int
    quote_count: int
    like_count: int
    quotes_read_at: datetime | None = None


def choose(candidates: Iterable[QuoteCandidate], *, now: datetime, rule: QuoteRule) -> list[QuoteCandidate]:
    """The posts whose quotes are read in this round, most quoted first.

    A post competes when it has a quote, or more than `min_likes` likes, and was not read within `recheck`. Ties go to
    the newer post.
    """
    eligible = [
        candidate
        for candidate in candidates
        if (candidate.quote_count > 0 or candidate.like_count > rule.min_likes)
        and (candidate.quotes_read_at is None or now - candidate.quotes_read_at >= rule.recheck)
    ]
    eligible.sort(key=lambda c: (c.quote_count, c.like_count, c.post_id), reverse=True)
    return eligible[: rule.posts_per_round]
