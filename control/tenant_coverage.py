"""What was read for one tenant, what is missing, and having it read. Others' accounts are not told of.

Money is in US dollars in what is answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from control import backfills, coverage
from control.backfills import Plan
from control.budget import room
from control.runs import asked_by
from control.trail import Origin, recorded
from shared.domain.coverage.subjects import Subject
from shared.domain.errors import InputError
from shared.domain.money.prices import MICRO, PriceKind
from shared.services.bootstrap import Services
from shared.services.rates import rates_now
from shared.services.subjects import subjects
from shared.stores.database import ServerClock
from shared.stores.paging import Key
from shared.stores.runs import BACKFILL

_FIRST_POST: Final = datetime(2006, 3, 21, tzinfo=UTC)  # X is no older


def rows(
    services: Services,
    tenant: str,
    *,
    source: str | None = None,
    window: timedelta,
    until: datetime | None = None,
    after: str | None = None,
    limit: int,
) -> list[dict[str, Any]]:
    """Of each account and each source of words, or of those of one source, how it is covered; by member, those after
    one. The round trips do not grow with them.
    """
    mine = _mine(services, tenant)
    wanted = mine if source is None else _of_source(services, tenant, source)
    in_order = sorted(wanted, key=lambda one: one.member)
    page = [one for one in in_order if after is None or one.member > after][:limit]
    own = {one.member for one in mine}
    return coverage.of_subjects(services, page, window=window, until=until, own=own)


def gaps(services: Services, tenant: str, *, start: Key | None, limit: int) -> list[dict[str, Any]]:
    """What is missing of the tenant's, the newest first, or what comes after a key (`from_at`, `id`)."""
    own, now = {one.member for one in _mine(services, tenant)}, ServerClock(services.stores.db).now()
    rates, price = rates_now(services, services.treasury.books()), services.ledger.prices.micro[PriceKind.POST]
    return [
        coverage.gap_row(coverage.of_own(gap, own), rates, price, now, has_archive=services.has_archive)
        for gap in services.stores.gaps.page(own, start=start, limit=limit)
    ]


def plan(services: Services, tenant: str, words: Sequence[str], from_at: datetime, to_at: datetime | None) -> Plan:
    """What a backfill would read; changes nothing. Raises InputError for what the tenant does not follow."""
    now = ServerClock(services.stores.db).now()
    if from_at < _FIRST_POST:
        raise InputError(f"from {from_at:%Y-%m-%d}: X has nothing from before {_FIRST_POST:%Y-%m-%d}")
    until = min(now, to_at or now)
    return backfills.plan(services, words, from_at=from_at, to_at=until, tenant=tenant)


def price(services: Services, planned: Plan) -> dict[str, Any]:
    """What it would cost about."""
    return {
        "gaps": len(planned.gaps),
        "seconds": sum(gap.length.total_seconds() for gap in planned.gaps),
        "posts_about": planned.posts_about,
        "estimated_usd": round(planned.usd_about, 6),
        **room(services, round(planned.usd_about * MICRO)),
    }


def begin(services: Services, origin: Origin, planned: Plan, words: Sequence[str]) -> str:
    """Have it read; answers the run. Where all was read already it is one of nothing, which is done."""
    with recorded(services, origin, "backfill.begin", ", ".join(words)[:200]) as entry:
        run_id = backfills.begin(services, planned, words, origin=origin)
        if run_id is None:
            run_id, now = origin.run_id, ServerClock(services.stores.db).now()
            services.stores.runs.begin(
                run_id, kind=BACKFILL, subjects=words, now=now, estimate_micro_usd=0, **asked_by(origin)
            )
        entry.after = {"run": run_id, "gaps": len(planned.gaps)}
    return run_id


def _mine(services: Services, tenant: str) -> list[Subject]:
    return subjects(services, [], tenant=tenant)


def _of_source(services: Services, tenant: str, source: str) -> list[Subject]:
    """Those of a source; none where it is paused, or none of its accounts is followed yet."""
    try:
        return subjects(services, [source], tenant=tenant)
    except InputError:
        return []
