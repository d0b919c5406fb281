"""Which snapshots of a post's series are kept as it grows old. Pure.

    younger than the full days      every one
    older                           the last of each hour
    older than the hourly days      the last of each UTC day

The first and the last of a series stay. A snapshot whose predecessor goes has its differences told anew, from the one
that is kept before it: the sum of all differences stays what it was. Thinning what is thin already changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.counts import PostMetrics
from shared.domain.engagement.next_reading import RETIRE_AGE


@dataclass(frozen=True, slots=True)
class ThinningPolicy:
    """How long a series is kept full, and how long by the hour; both ages of a snapshot."""

    full: timedelta = timedelta(days=7)
    hourly: timedelta = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Taken:
    """A snapshot that is stored."""

    id: str
    at: datetime
    metrics: PostMetrics


@dataclass(frozen=True, slots=True)
class Thinned:
    """deltas: of those that stay, what changes, by id."""

    dropped: list[str]
    deltas: dict[str, PostMetrics]


@dataclass(frozen=True, slots=True)
class Round:
    """A walk over all series, in the order in which posts were made: each is met once, at that age of its post."""

    name: str
    age: timedelta


# Two days after it can be thinned a post is read once a day at most, unless people come back to it; a month after, it
# is read no more.
SETTLED = timedelta(days=2)


def rounds(policy: ThinningPolicy) -> tuple[Round, ...]:
    """The walks that leave every series as thin as its age allows."""
    return (
        Round("hourly", policy.full + SETTLED),
        Round("hourly_at_rest", policy.full + RETIRE_AGE),
        Round("daily", policy.hourly + RETIRE_AGE),
    )


def thin(series: Sequence[Taken], *, now: datetime, policy: ThinningPolicy) -> Thinned:
    """What goes of the snapshots of one post, which are in the order of their time."""
    kept = set(_kept(series, now, policy))
    dropped = [one.id for one in series if one.id not in kept]
    return Thinned(dropped, _told_anew(series, kept) if dropped else {})


def _kept(series: Sequence[Taken], now: datetime, policy: ThinningPolicy) -> Iterable[str]:
    last_of = {_part(one, now, policy): one.id for one in series}
    yield from last_of.values()
    yield from (one.id for one in (*series[:1], *series[-1:]))


def _part(one: Taken, now: datetime, policy: ThinningPolicy) -> tuple[str, datetime]:
    """The span of which one snapshot is kept; a young one has its own."""
    age = now - one.at
    if age < policy.full:
        return one.id, one.at
    hour = one.at.replace(minute=0, second=0, microsecond=0)
    return ("hour", hour) if age < policy.hourly else ("day", hour.replace(hour=0))


def _told_anew(series: Sequence[Taken], kept: set[str]) -> dict[str, PostMetrics]:
    """The differences that are others once what goes has gone. A count that was left out stays as it was known."""
    changed: dict[str, PostMetrics] = {}
    known = shown = series[0].metrics  # of all, and of those that stay, until now
    for one in series[1:]:
        if one.id in kept:
            if shown != known:
                changed[one.id] = one.metrics.minus(shown)
            shown = one.metrics.or_else(shown)
        known = one.metrics.or_else(known)
    return changed
