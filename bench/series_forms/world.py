"""The readings that every form stores, made from numbers alone. Pure.

Posts are made over sixty days, and each is read fifty times, from five minutes to thirty days of age, ever more
seldom. Readings come as answers of a hundred posts of about the same age, one reading each, in the order of time: so
what is written next to each other belongs to a hundred series, and thousands of series grow at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from shared.domain.snowflake import first_id_at

READINGS, LATER, ANSWERED = 50, 10, 100  # of a post, and more afterwards; in an answer
SPREAD, OLDEST, YOUNGEST = timedelta(days=60), timedelta(days=30), timedelta(minutes=5)
NEAR: Final = 20  # so many answers have their posts among each other's
BEGAN: Final = datetime(2026, 5, 1, tzinfo=UTC)
_GROWTH: Final = (OLDEST / YOUNGEST) ** (1 / (READINGS - 1))
AGES: Final = tuple(YOUNGEST * _GROWTH**number for number in range(READINGS + LATER))


@dataclass(frozen=True, slots=True)
class Read:
    """One reading of one post. number: the how manieth of it, from 0. changed_at: of its reading before."""

    post_id: str
    number: int
    made_at: datetime
    at: datetime
    changed_at: datetime
    claim: str
    counts: tuple[int, ...]  # likes, reposts, replies, quotes, bookmarks, impressions
    before: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class World:
    """So many posts, in groups of a hundred."""

    groups: int

    def order(self) -> list[tuple[int, int]]:
        """All answers, each the group and the number of its reading, in the order of time."""
        every = ((group, number) for group in range(self.groups) for number in range(READINGS))
        return sorted(every, key=lambda one: self._made_at(one[0]) + AGES[one[1]])

    def answer(self, group: int, number: int) -> list[Read]:
        """One reading of each post of a group."""
        made_at = self._made_at(group)
        claim = f"{Random(group * 1000 + number).getrandbits(64):016x}"
        at, before = (_whole(made_at + AGES[one]) for one in (number, max(number - 1, 0)))
        return [
            Read(
                self._id(one, made_at),
                number,
                made_at,
                at,
                before,
                claim,
                _counts(one, number),
                _counts(one, number - 1),
            )
            for one in self._posts(group)
        ]

    def posts(self, group: int) -> list[str]:
        """The ids of a group's posts."""
        made_at = self._made_at(group)
        return [self._id(one, made_at) for one in self._posts(group)]

    def week(self, group: int) -> tuple[datetime, datetime]:
        """A week in the life of a group's posts."""
        made_at = self._made_at(group)
        return made_at + timedelta(days=1), made_at + timedelta(days=8)

    def _posts(self, group: int) -> Sequence[int]:
        block, place = divmod(group, NEAR)
        return range(block * NEAR * ANSWERED + place, (block + 1) * NEAR * ANSWERED, NEAR)

    def _made_at(self, group: int) -> datetime:
        return _whole(BEGAN + SPREAD * (group // NEAR * NEAR / self.groups) + timedelta(seconds=group % NEAR))

    def _id(self, number: int, made_at: datetime) -> str:
        return str(first_id_at(made_at) + number)


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _counts(post: int, number: int) -> tuple[int, ...]:
    grown = (1 + post * 7919 % 997) * (number + 1)
    return (grown // 2, grown // 9, grown // 14, grown // 60, grown // 20, grown * 40 + (post * 31 + number * 17) % 40)
