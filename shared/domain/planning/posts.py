"""What is remembered of one post, in bounded memory: its last reading, and how fast it grew beside how fast posts do.

`rate` is a mean of acts an hour that forgets with `MEMORY_HOURS`; `usual` is the same mean of a post of size one, over
the same spans. Their quotient is the size of which the recent growth speaks, however irregular the readings were.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from shared.domain.planning.growth import left

HOURS_A_DAY: Final = 24
MEMORY_HOURS: Final = 6.0
SHORTEST_SPAN_HOURS: Final = 0.01


EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)


def hours(moment: datetime) -> float:
    """Hours since 1970."""
    return (moment - EPOCH) / HOUR


def moment(at: float) -> datetime:
    """The time, of hours since 1970, to the millisecond that MongoDB keeps."""
    return EPOCH + timedelta(milliseconds=round(at * 3_600_000))


def day_of(at: float) -> int:
    """The UTC day of a time in hours since 1970."""
    return math.floor(at / HOURS_A_DAY)


class Tracked(NamedTuple):
    """A post that is followed. acts: as counted at the last reading. read_at: of that, None when there was none.
    owned_day: the last day on which it was paid for, by whichever call. to_come: the share of its growth that usually
    lay before it then.
    """

    post_id: int
    born_at: float
    acts: float = 0.0
    read_at: float | None = None
    owned_day: int | None = None
    rate: float = 0.0
    usual: float = 0.0
    to_come: float = 1.0
    is_gone: bool = False

    def is_owned(self, at: float) -> bool:
        """Whether reading it at that time is free."""
        return self.owned_day == day_of(at)

    @property
    def read_age(self) -> float:
        """Its age at the last reading, in hours; 0 without one."""
        return 0.0 if self.read_at is None else max(0.0, self.read_at - self.born_at)


def read(post: Tracked, count: float, at: float) -> Tracked:
    """The post after a reading. One that is older than what is known changes nothing; counts may fall."""
    if post.read_at is not None and at <= post.read_at:
        return post._replace(owned_day=max(day_of(at), day_of(post.read_at)))
    span = max(at - max(post.born_at, post.read_at or post.born_at), SHORTEST_SPAN_HOURS)
    keeps, to_come = math.exp(-span / MEMORY_HOURS), left(at - post.born_at)
    comes = (1 - keeps) / span
    rate = post.rate * keeps + (count - post.acts if count > post.acts else 0.0) * comes
    usual = post.usual * keeps + (post.to_come - to_come) * comes
    return Tracked(post.post_id, post.born_at, count, at, day_of(at), rate, usual, to_come)


def lost(post: Tracked) -> Tracked:
    """The post after X said that it is gone."""
    return post._replace(is_gone=True)
