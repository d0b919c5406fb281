"""What was read of followed accounts in a window, what is missing and what filling it would cost. Reads only.

Money is in US dollars in what is answered.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from shared.domain.coverage import intervals
from shared.domain.coverage.gaps import Gap
from shared.domain.coverage.intervals import Check, Interval, Piece
from shared.domain.coverage.silence import Rhythm
from shared.domain.coverage.streams import Stream
from shared.domain.coverage.subjects import Subject
from shared.domain.money.estimate import DAY, Rates
from shared.domain.money.prices import MICRO, PriceKind
from shared.services.bootstrap import Services
from shared.services.rates import rates_now
from shared.services.silence import rhythms_of
from shared.services.subjects import subjects
from shared.stores.audits import Told
from shared.stores.database import ServerClock


@dataclass(frozen=True, slots=True)
class Ledger:
    """All that is noted of streams that carry, or carried, some members."""

    streams: Sequence[Stream]
    active: Sequence[Stream]
    read: Sequence[Interval]
    missing: Sequence[Gap]

    @classmethod
    def of(cls, services: Services, members: Sequence[str], window: tuple[datetime, datetime]) -> Ledger:
        """Read it: four queries, however many members there are."""
        stores = services.stores
        streams = stores.streams.that_carried(members)
        read = stores.intervals.of([one.id for one in streams], from_at=window[0], to_at=window[1])
        return cls(streams, stores.streams.with_members(members), read, stores.gaps.missing(members=members))

    def pieces(self, member: str, from_at: datetime, to_at: datetime) -> list[Piece]:
        """What became of each moment of a member, up to where it is covered."""
        gaps = [gap for gap in self.missing if member in gap.members]
        return intervals.account(from_at, to_at, self._read_of(member), gaps) if from_at < to_at else []

    def begin(self, member: str, otherwise: datetime) -> datetime:
        """From when on something of a member was read."""
        return min((one.from_at for one in self._read_of(member)), default=otherwise)

    def covered_through(self, member: str) -> datetime | None:
        """Up to when all is accounted for; None: no search carries it."""
        return max((one.covered_through for one in self.active if member in one.members), default=None)

    def _read_of(self, member: str) -> list[Interval]:
        carried = {stream.id for stream in self.streams if member in stream.members}
        return [one for one in self.read if (one.stream in carried if one.members is None else member in one.members)]


def coverage(
    services: Services, words: Sequence[str], *, window: timedelta, until: datetime | None = None
) -> list[dict[str, Any]]:
    """A row for each account and each source of words, or for those that are named; a source of accounts stands for
    these. Raises InputError for what is not followed.

    The window ends now, or at `until`. covered_ratio: of the window since it is followed, up to where it is covered;
    lag_seconds is the rest up to now. Gaps are all that are missing, whenever they are.
    """
    return of_subjects(services, subjects(services, words), window=window, until=until)


def of_subjects(
    services: Services,
    wanted: Sequence[Subject],
    *,
    window: timedelta,
    until: datetime | None = None,
    own: Collection[str] | None = None,
) -> list[dict[str, Any]]:
    """The same of some subjects. own: the only members that gaps tell of; None: all."""
    now = ServerClock(services.stores.db).now()
    to_at = min(now, until or now)
    from_at = to_at - window
    ledger = Ledger.of(services, [one.member for one in wanted], (from_at, to_at))
    rhythms = rhythms_of(services, wanted, now)
    audits = services.stores.audits.last_of([one.member for one in wanted])
    rates = rates_now(services, services.treasury.books())
    price, has_archive = services.ledger.prices.micro[PriceKind.POST], services.has_archive
    return [
        _row(one, ledger, rhythms.get(one.member), (from_at, to_at), now)
        | {"audit": _audit_row(audits.get(one.member))}
        | {
            "gaps": [
                gap_row(of_own(gap, own), rates, price, now, has_archive=has_archive) for gap in _of(ledger, one.member)
            ]
        }
        for one in wanted
    ]


def of_own(gap: Gap, own: Collection[str] | None) -> Gap:
    """A gap as it concerns some members alone."""
    return gap if own is None else replace(gap, members=tuple(one for one in gap.members if one in own))


def _of(ledger: Ledger, name: str) -> list[Gap]:
    return [gap for gap in ledger.missing if name in gap.members]


def _row(
    subject: Subject, ledger: Ledger, rhythm: Rhythm | None, window: tuple[datetime, datetime], now: datetime
) -> dict[str, Any]:
    begin = max(window[0], min(subject.began_at, ledger.begin(subject.member, now)))
    through = ledger.covered_through(subject.member)
    end = min(window[1], through) if through else begin
    pieces = ledger.pieces(subject.member, begin, end)
    asked = max(timedelta(0), end - begin)
    read = [piece for piece in pieces if isinstance(piece.of, Interval)]
    sure = [piece for piece in read if isinstance(piece.of, Interval) and piece.of.check is Check.VERIFIED]
    late = {piece.of.id: piece.of for piece in read if isinstance(piece.of, Interval)}
    period = rhythm.period if rhythm else None
    return {
        "subject": subject.shown,
        "member": subject.member,
        "from_at": begin,
        "to_at": max(begin, end),
        "covered_through": through,
        "lag_seconds": None if through is None else (now - through).total_seconds(),
        "covered_ratio": _ratio(read, asked),
        "verified_ratio": _ratio(sure, asked),
        "unaccounted_seconds": sum((one.to_at - one.from_at).total_seconds() for one in pieces if one.of is None),
        "posts": sum(one.posts for one in late.values()),
        "late_posts": sum(one.late for one in late.values()),
        "last_post_at": rhythm.last_at if rhythm else None,
        "expected_every_seconds": period.total_seconds() if period else None,
        "is_silent": bool(rhythm and rhythm.is_silent(now)),
    }


def _audit_row(last: Told | None) -> dict[str, Any] | None:
    """The last nightly audit; None where there was none."""
    return None if last is None else {name: value for name, value in asdict(last).items() if name != "member"}


def _ratio(pieces: Sequence[Piece], asked: timedelta) -> float | None:
    """The part of the time that was asked for; None where none was."""
    length = sum((piece.to_at - piece.from_at for piece in pieces), start=timedelta(0))
    return round(length / asked, 6) if asked else None


def gap_row(gap: Gap, rates: Rates, price: int, now: datetime, *, has_archive: bool) -> dict[str, Any]:
    """A gap as a person reads it. route: by which it can be filled, None: by none of the plan; usd: about what that
    would cost, by how much is posted.
    """
    route = gap.route(now=now, has_archive=has_archive)
    posts = len(gap.members) * rates.posts_a_day.value * (gap.length / DAY)
    return {
        "id": gap.id,
        "from_at": gap.from_at,
        "to_at": gap.to_at,
        "seconds": gap.length.total_seconds(),
        "reason": gap.reason.value,
        "state": gap.state.value,
        "route": route.value if route else None,
        "members": list(gap.members),
        "attempts": gap.attempts,
        "try_at": gap.try_at,
        "posts_about": round(posts),
        "usd_about": round(posts * price / MICRO, 4),
    }
