"""What X counts of a query beside what is stored of it, hour by hour. Pure.

X counts what a search shows now: a post that was deleted since is stored and not counted. What is missing is missing of
an hour: more posts in another one, such as X does not show any more, make up for nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.coverage.counted import CountedStep
from shared.domain.coverage.gaps import Gap


@dataclass(frozen=True, slots=True)
class Hour:
    """counted: by X. stored: what is there; gone: what X shows no more. in_gap: some of it is noted as not read."""

    from_at: datetime
    to_at: datetime
    counted: int
    stored: int
    gone: int
    in_gap: bool = False

    @property
    def missing(self) -> int:
        """Posts that X counts and that are not stored."""
        return max(0, self.counted - self.stored)


@dataclass(frozen=True, slots=True)
class Audit:
    """One comparison; hours in the order of time, of which the first and the last may be shorter."""

    hours: tuple[Hour, ...]

    @property
    def counted(self) -> int:
        """Posts that X counts."""
        return sum(hour.counted for hour in self.hours)

    @property
    def stored(self) -> int:
        """Posts that are there, as far as is known."""
        return sum(hour.stored for hour in self.hours)

    @property
    def gone(self) -> int:
        """Posts that are stored and that X shows no more."""
        return sum(hour.gone for hour in self.hours)

    @property
    def missing(self) -> int:
        """Posts that X counts and that are not stored."""
        return sum(hour.missing for hour in self.hours)

    @property
    def unexplained(self) -> int:
        """Those of the missing of whose hour no gap is noted."""
        return sum(hour.missing for hour in self.hours if not hour.in_gap)


def compare(steps: Sequence[CountedStep], times: Iterable[tuple[datetime, bool]], gaps: Sequence[Gap]) -> Audit:
    """The steps of a count with what is stored of each. times: of posts, and whether each is gone."""
    begins = [step.from_at for step in steps]
    stored, gone = [0] * len(steps), [0] * len(steps)
    for at, is_gone in times:
        place = bisect_right(begins, at) - 1
        if place >= 0:
            (gone if is_gone else stored)[place] += 1
    return Audit(
        tuple(
            Hour(step.from_at, step.to_at, step.count, one, other, in_gap=_in_gap(step, gaps))
            for step, one, other in zip(steps, stored, gone, strict=True)
        )
    )


def whole_seconds(from_at: datetime, to_at: datetime) -> tuple[datetime, datetime] | None:
    """The part of a span that X can count, which knows whole seconds only; None where nothing is left."""
    begin = from_at if not from_at.microsecond else from_at.replace(microsecond=0) + timedelta(seconds=1)
    end = to_at.replace(microsecond=0)
    return (begin, end) if begin < end else None


def affordable(budget_micro_usd: int, price_micro_usd: int, most: int) -> int:
    """How many counts a budget allows, at most so many; 0 without a budget."""
    if budget_micro_usd <= 0:
        return 0
    return most if price_micro_usd <= 0 else min(most, budget_micro_usd // price_micro_usd)


def _in_gap(step: CountedStep, gaps: Sequence[Gap]) -> bool:
    return any(gap.from_at < step.to_at and gap.to_at > step.from_at for gap in gaps)
