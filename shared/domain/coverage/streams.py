"""Streams: queries that are asked for ever, and when two of them should become one. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

from shared.domain import snowflake
from shared.domain.coverage.members import ANY, Group

# Two streams are joined only when their coverage ends this close together, and the joined one begins no further than
# this before that end: so much of the livelier one is read (within one UTC day: not paid) again, and no more.
MERGE_DISTANCE = timedelta(minutes=10)
# Streams that are asked for rarely never come that close by themselves: theirs may end an interval apart, but no more
# than this, which is mostly of the same day.
FURTHEST_MERGE = timedelta(hours=6)
# A stream that stays alone may look back further, since nothing of its own is left there to be bought. X's index shows
# a post seconds after it was made; a day is far beyond that, and far within the seven days.
QUIET_MARGIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Left:
    """A member that a stream carried until then."""

    member: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A query that is followed. `cursor_id` is the greatest id that is known to be stored with all before it.

    members: the keys of what it carries. run_id: the request that began it, which pays for its first sweep. left: what
    it carried once, and until when. parts: the streams that it was joined of. rested_at: when it was last not read
    because the share of the money that pays for it was spent.
    """

    id: str
    members: tuple[str, ...]
    query: str
    began_at: datetime
    covered_through: datetime
    cursor_id: int
    sweeps_completed: int = 0
    run_id: str | None = None
    group: Group = ANY
    left: tuple[Left, ...] = ()
    parts: tuple[str, ...] = ()
    rested_at: datetime | None = None

    @property
    def has_rested(self) -> bool:
        """Whether it rested since it was last read."""
        return self.rested_at is not None and self.rested_at > self.covered_through

    @property
    def attended_until(self) -> datetime:
        """Up to when it was read, or left unread on purpose."""
        return self.covered_through if self.rested_at is None else max(self.rested_at, self.covered_through)

    @property
    def since_id(self) -> int:
        """Where the next sweep has to reach back to.

        The cursor; for a stream without posts for long, an id made QUIET_MARGIN before its coverage ends: X refuses
        a `since_id` older than seven days, and there is nothing to find that far back.
        """
        return self._reaching_back(QUIET_MARGIN)

    @property
    def joining_id(self) -> int:
        """Where a stream that takes over its members has to reach back to, whatever other members it carries.

        The cursor; where nothing was posted for long, an id made MERGE_DISTANCE before the coverage ends. What lies
        before was read whole, the lag of X's search is off the coverage already, and other members may be lively there.
        """
        return self._reaching_back(MERGE_DISTANCE)

    def _reaching_back(self, margin: timedelta) -> int:
        return max(self.cursor_id, snowflake.first_id_at(self.covered_through - margin) - 1)


@dataclass(frozen=True, slots=True)
class Merge:
    """Streams that one query can carry: `of` are replaced by one with `members`, each of them once."""

    of: tuple[Stream, Stream]
    members: tuple[str, ...]

    @property
    def cursor_id(self) -> int:
        """As far back as either needs, so that nothing between the two is missed."""
        return min(stream.joining_id for stream in self.of)

    @property
    def covered_through(self) -> datetime:
        """Through when both are covered."""
        return min(stream.covered_through for stream in self.of)

    @property
    def rested_at(self) -> datetime | None:
        """When either rested last."""
        return max((stream.rested_at for stream in self.of if stream.rested_at is not None), default=None)


def next_merge(
    streams: Sequence[Stream], fits: Callable[[Sequence[str]], bool], *, busy: Iterable[str] = ()
) -> Merge | None:
    """The next pair of streams worth joining, or None.

    A pair qualifies when both are of one group and have completed a sweep, neither is in `busy` (ids of streams with an
    open sweep), their coverage ends close together, and `fits(members)` says that one query holds all their
    members. Streams that carry the same members are joined with one another first, and until then with no others: so
    the members of a stream that was begun to read further back are not carried twice for good. Of the others the
    shortest queries come first.
    Where a query does not fit, no longer one would: so `fits` is asked about once a stream, not once a pair (asking for
    every pair took 1.4 s for 200 full streams; this takes 0.14 s for 1,000).
    """
    occupied = set(busy)
    idle = [stream for stream in streams if stream.sweeps_completed and stream.id not in occupied]
    idle.sort(key=lambda stream: (len(stream.query), stream.id))
    times = Counter(name for stream in streams for name in stream.members)
    twice = {stream.id for stream in streams if any(times[name] > 1 for name in stream.members)}
    if (merge := _next_of_twice([stream for stream in idle if stream.id in twice], fits)) is not None:
        return merge
    for group in sorted({stream.group for stream in idle}, key=str):
        alike = [stream for stream in idle if stream.id not in twice and stream.group == group]
        if (merge := _next_of_others(alike, fits)) is not None:
            return merge
    return None


def _are_close(first: Stream, second: Stream) -> bool:
    interval = timedelta(seconds=first.group.interval_seconds or 0)
    distance = max(MERGE_DISTANCE, min(interval, FURTHEST_MERGE))
    return abs(first.covered_through - second.covered_through) <= distance


def _next_of_others(idle: Sequence[Stream], fits: Callable[[Sequence[str]], bool]) -> Merge | None:
    """The next pair of streams of one group, the shortest query first, or None."""
    for index, first in enumerate(idle):
        for second in idle[index + 1 :]:
            if not _are_close(first, second):
                continue
            members = tuple(dict.fromkeys(first.members + second.members))
            if not fits(members):
                break
            return Merge(of=(first, second), members=members)
    return None


def _next_of_twice(idle: Sequence[Stream], fits: Callable[[Sequence[str]], bool]) -> Merge | None:
    """The next pair that carries a member both, or None."""
    for first, second in combinations(idle, 2):
        if first.group != second.group or not _are_close(first, second):
            continue
        members = tuple(dict.fromkeys(second.members + first.members))
        if len(members) < len(first.members) + len(second.members) and fits(members):
            return Merge(of=(first, second), members=members)
    return None
