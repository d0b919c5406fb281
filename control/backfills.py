"""Asking for what was posted in a span of time, as plain functions that print nothing.

What was read already is not read again, and what is missing already is filled sooner. Money is in US dollars in what
is answered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from control.runs import asked_by, run_id_of
from control.trail import Origin
from shared.domain import snowflake
from shared.domain.coverage import gaps, intervals
from shared.domain.coverage.gaps import Gap, GapReason, GapState, Unread
from shared.domain.coverage.sweeps import SweepKind
from shared.domain.errors import InputError
from shared.domain.money.estimate import DAY, newcomers
from shared.domain.money.prices import MICRO, PriceKind
from shared.services import coverage
from shared.services.bootstrap import Services
from shared.services.rates import rates_now
from shared.services.subjects import subjects
from shared.stores.database import ServerClock
from shared.stores.runs import BACKFILL

# What a person asks for goes before what nobody waits for.
ASKED_FOR = 80


@dataclass(frozen=True, slots=True)
class Plan:
    """What a backfill would do. new: gaps that are to be noted; known: those that are there, and go first now."""

    new: tuple[Gap, ...]
    known: tuple[Gap, ...]
    posts_about: int
    usd_about: float

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """All that would be read."""
        return (*self.new, *self.known)


def plan(
    services: Services, words: Sequence[str], *, from_at: datetime, to_at: datetime, tenant: str | None = None
) -> Plan:
    """What of the span was not read of accounts and sources, and about what reading it costs; changes nothing.

    tenant: whose accounts and sources; None: anybody's. Raises InputError for a span that is none or out of every
    route's reach, and for what is not followed.
    """
    stores, now = services.stores, ServerClock(services.stores.db).now()
    if from_at >= to_at:
        raise InputError(f"from {from_at:%Y-%m-%dT%H:%M} is not before to {to_at:%Y-%m-%dT%H:%M}")
    if from_at < now - timedelta(days=7) and not services.has_archive:
        raise InputError(
            f"{from_at:%Y-%m-%d} is further back than the 7 days of the recent search; the plan has no archive"
        )
    followed = {one.member: one.shown for one in subjects(services, words, tenant=tenant)}
    members = list(followed)
    carriers = {name: one for one in stores.streams.with_members(members) for name in one.members}
    spans = coverage.spans_of(stores, members, since=from_at)
    wanted: dict[tuple[str, datetime, datetime], list[str]] = defaultdict(list)
    for name in members:
        if name not in carriers:
            raise InputError(f"{followed[name]} is in no search yet: try again in a minute")
        for begin, end in intervals.holes(spans[name], from_at, to_at):
            wanted[carriers[name].id, begin, end].append(name)
    new = tuple(
        gaps.note(
            Unread(begin, end, GapReason.BEFORE_FOLLOWING), stream=stream, members=who, now=now, priority=ASKED_FOR
        )
        for (stream, begin, end), who in wanted.items()
    )
    there = stores.gaps.missing(members=members)
    known = tuple(gap for gap in there if gap.state is GapState.OPEN and gap.from_at < to_at and gap.to_at > from_at)
    posts, usd = _about(services, (*new, *known))
    return Plan(new, known, posts, usd)


def begin(services: Services, planned: Plan, words: Sequence[str], *, origin: Origin | None = None) -> str | None:
    """Note what is to be read, ahead of what nobody waits for; answers the run that pays, None for nothing to do."""
    if not planned.gaps:
        return None
    stores, run_id = services.stores, run_id_of(origin)
    now = ServerClock(stores.db).now()
    estimate = round(planned.usd_about * MICRO)
    stores.runs.begin(
        run_id, kind=BACKFILL, subjects=list(words), now=now, estimate_micro_usd=estimate, **asked_by(origin)
    )
    stores.gaps.note(replace(gap, run_id=run_id, noted_at=now) for gap in planned.new)
    for gap in planned.known:
        stores.gaps.put(replace(gap, priority=ASKED_FOR, run_id=gap.run_id or run_id, try_at=now))
    return run_id


def progress(services: Services, run_id: str, planned: Plan) -> dict[str, Any]:
    """How far a backfill is: seconds of time in all and read, posts found, gaps that are left and why.

    What another run pays for counts with it.
    """
    stores = services.stores
    payers = {run_id, *(gap.run_id for gap in planned.known if gap.run_id)}
    found = [gap for payer in payers for gap in stores.gaps.of_run(payer)]
    mine = [gap for gap in found if gap.state is not GapState.FILLED or not gap.is_divided]
    under_way = {sweep.subject: sweep for sweep in stores.sweeps.open_searches() if sweep.kind is SweepKind.BACKFILL}
    read = sum(gap.length.total_seconds() for gap in mine if gap.state is GapState.FILLED)
    posts = 0
    for gap in mine:
        sweep = under_way.get(gap.id)
        if sweep is not None and sweep.oldest_id is not None:
            read += max(0.0, (gap.to_at - snowflake.created_at(sweep.oldest_id)).total_seconds())
            posts += sweep.posts_seen
    left = [gap for gap in mine if gap.state is not GapState.FILLED]
    return {
        "run": run_id,
        "seconds": sum(gap.length.total_seconds() for gap in mine),
        "read_seconds": read,
        "posts_under_way": posts,
        "open": sum(gap.state is GapState.OPEN for gap in left),
        "final": [{"from_at": gap.from_at, "to_at": gap.to_at} for gap in left if gap.state is not GapState.OPEN],
    }


def _about(services: Services, missing: Sequence[Gap]) -> tuple[int, float]:
    """How many posts there may be, and what they and their authors would cost in US dollars."""
    rates, prices = rates_now(services, services.treasury.books()), services.ledger.prices
    posts = sum(len(gap.members) * rates.posts_a_day.value * (gap.length / DAY) for gap in missing)
    usd = posts * prices.micro[PriceKind.POST] + newcomers(posts, rates) * prices.micro[PriceKind.USER]
    return round(posts), usd / MICRO
