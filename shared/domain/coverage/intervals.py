"""What of a stream's time was read, how, and whether that was looked at again. Pure.

    a sweep of what is new --> waiting --read again the same UTC day, when it is free--> verified
                                  '--the day is over, and buying it again is not wanted--> not verified

Invariant (`account`): from when a stream began to where it is covered, every moment is in an interval or in a gap that
is not filled. Where they overlap the gap holds: it is what could be missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from shared.domain.coverage.gaps import Gap, GapState
from shared.domain.coverage.sweeps import ReadBy

# Before midnight everything that is old enough is read again; several rounds have room for many streams.
LAST_MINUTES = timedelta(minutes=5)


class Check(StrEnum):
    """Whether an interval was read again, for what came late."""

    WAITING = "waiting"
    VERIFIED = "verified"
    NOT_VERIFIED = "not_verified"  # to read it again would have cost what it cost once


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A span of a stream that was read and stored. posts: that were new in it; late: of these, found by reading again.

    read_at: by the last reading. members: whom it was read for, where these were not all that the stream carried.
    """

    id: str
    stream: str
    from_at: datetime
    to_at: datetime
    route: ReadBy
    read_at: datetime
    posts: int = 0
    late: int = 0
    check: Check = Check.WAITING
    members: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A span of a stream with what is there: an interval, a gap, or nothing, which must not be."""

    from_at: datetime
    to_at: datetime
    of: Interval | Gap | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """A span of one stream that is due to be read again; `of` are the intervals that it is made of."""

    stream: str
    of: tuple[Interval, ...]
    is_free: bool

    @property
    def from_at(self) -> datetime:
        """Where it begins."""
        return min(interval.from_at for interval in self.of)

    @property
    def to_at(self) -> datetime:
        """Where it ends."""
        return max(interval.to_at for interval in self.of)


def due_again(waiting: Iterable[Interval], *, now: datetime, after: timedelta, every: timedelta) -> list[Reread]:
    """What should be read again now: of each stream what is older than `after`, if it is `every` long or ends a day.

    Never a span of two UTC days: what was bought is free until midnight. The oldest first. Shortly before midnight
    shorter parts are due too, and in the last minutes whatever is old enough.
    """
    groups: dict[tuple[str, object], list[Interval]] = {}
    for interval in sorted(waiting, key=lambda one: one.from_at):
        if interval.to_at <= now - after:
            groups.setdefault((interval.stream, interval.read_at.astimezone(UTC).date()), []).append(interval)
    today = now.astimezone(UTC).date()
    ends = datetime.combine(today, datetime.min.time(), UTC) + timedelta(days=1)
    due = [
        Reread(stream=stream, of=tuple(found), is_free=day == today)
        for (stream, day), found in groups.items()
        if day != today or now - found[0].from_at >= after + _least(ends - now, after=after, every=every)
    ]
    return sorted(due, key=lambda one: one.from_at)


def _least(left: timedelta, *, after: timedelta, every: timedelta) -> timedelta:
    """How long a span has to be to be read again, when so much of the day is left."""
    if left <= LAST_MINUTES:
        return timedelta(0)
    return min(every, after / 3) if left <= after else every


def verified(reread: Reread, *, id: str, late: int, read_at: datetime, before: Interval | None) -> Interval:
    """The interval in the place of those that were read again. before: a verified one of the same day that ends where
    they begin, which it takes in; so a day of a stream ends as one document.
    """
    parts = [*([before] if before and before.to_at == reread.from_at else []), *reread.of]
    return Interval(
        id=id,
        stream=reread.stream,
        from_at=parts[0].from_at,
        to_at=reread.to_at,
        route=reread.of[-1].route,
        read_at=read_at,
        posts=sum(part.posts for part in parts) + late,
        late=sum(part.late for part in parts) + late,
        check=Check.VERIFIED,
    )


def settled(interval: Interval, before: datetime) -> list[Interval]:
    """The interval in parts: what ended before then was read late enough to need no second reading."""
    if interval.to_at <= before:
        return [replace(interval, check=Check.VERIFIED)]
    if interval.from_at >= before:
        return [interval]
    old = replace(interval, id=f"{interval.id}:settled", to_at=before, check=Check.VERIFIED)
    return [old, replace(interval, from_at=before, posts=0)]


def account(
    began_at: datetime, covered_through: datetime, intervals: Sequence[Interval], gaps: Sequence[Gap]
) -> list[Piece]:
    """The whole time of a stream, in order, each moment once: gaps that are not filled, else the interval read last."""
    missing = [gap for gap in gaps if gap.state is not GapState.FILLED]
    spans: list[Interval | Gap] = [*intervals, *missing]
    cuts = {began_at, covered_through}
    cuts |= {at for one in spans for at in (one.from_at, one.to_at) if began_at < at < covered_through}
    ordered = sorted(cuts)
    latest = sorted(intervals, key=lambda one: one.read_at, reverse=True)
    pieces: list[Piece] = []
    for from_at, to_at in pairwise(ordered):
        holding: list[Interval | Gap] = [*missing, *latest]
        holder = next((one for one in holding if one.from_at <= from_at and one.to_at >= to_at), None)
        if pieces and pieces[-1].of is holder:
            pieces[-1] = replace(pieces[-1], to_at=to_at)
        else:
            pieces.append(Piece(from_at, to_at, holder))
    return pieces


def covered(pieces: Iterable[Piece], from_at: datetime, to_at: datetime) -> timedelta:
    """How much of a window was read and stored."""
    read = (piece for piece in pieces if isinstance(piece.of, Interval))
    return sum(
        (max(timedelta(0), min(one.to_at, to_at) - max(one.from_at, from_at)) for one in read), start=timedelta(0)
    )


def holes(
    spans: Iterable[tuple[datetime, datetime]], from_at: datetime, to_at: datetime
) -> list[tuple[datetime, datetime]]:
    """What spans leave out of a window, in order."""
    found, reached = [], from_at
    for begin, end in sorted(spans):
        if begin >= to_at:
            break
        if begin > reached:
            found.append((reached, begin))
        reached = max(reached, end)
    return [*found, (reached, to_at)] if reached < to_at else found


def reach(spans: Iterable[tuple[datetime, datetime]], from_at: datetime, to_at: datetime) -> bool:
    """Whether spans together hold every moment of a window."""
    return not holes(spans, from_at, to_at)
