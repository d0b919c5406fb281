"""What was done day by day, from sums that are kept: of the installation, or of what is one tenant's. Prints nothing.

What is not kept is None, and never 0: searches are forgotten a fortnight after their end, and they are of no tenant,
for one of them may serve several. Money is in US dollars, days are of UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from shared.domain.engagement.reads import Reads
from shared.domain.errors import InputError
from shared.domain.money.prices import MICRO
from shared.domain.money.purchases import Sums
from shared.services.bootstrap import Services
from shared.stores.sweeps import KEEP_ENDED, SweepSums

MOST_DAYS: Final = 366
DAY: Final = timedelta(days=1)
_EARLIEST: Final = date(2006, 3, 21)  # the first post of X
_FIGURES: Final = ("processed", "added", "updated", "calls", "errors", "usd", "searches", "duration_seconds")


def shown(
    services: Services,
    *,
    tenant: str | None,
    first: date | None = None,
    last: date | None = None,
    days: int | None = None,
) -> dict[str, Any]:
    """first, last, tenant (None: the installation), days (a row each), total (of the days that a figure is known of).

    processed: posts that searches were shown, and those that were asked for again. added: of the former the new ones.
    updated: posts whose counts were read again; a tenant's, for each of its sources. errors: calls that X failed or did
    not answer. duration_seconds: from the beginning of each search to its end, added up. days: the last so many, in the
    place of first and last; neither: the last seven. Raises InputError, BrokerUnavailable, StoreUnavailable.
    """
    now = services.ledger.now()
    first, last = _span(first, last, days, now.date())
    if last >= now.date():
        services.ledger.copy()
    spent = _spent(services, tenant, first, last)
    of_tenant = None if tenant is None else _sources(services, tenant)
    reads = services.stores.reads.between(first, last, sources=of_tenant)
    searched = {} if tenant is not None else _searched(services, first, last, now)
    every = [first + DAY * number for number in range((last - first).days + 1)]
    rows = [_row(day, spent.get(day, Sums()), reads.get(day, Reads()), searched.get(day)) for day in every]
    return {"first": first, "last": last, "tenant": tenant, "days": rows, "total": _total(rows)}


def _span(first: date | None, last: date | None, days: int | None, today: date) -> tuple[date, date]:
    if days is not None and (first or last):
        raise InputError("give either days, or from and to")
    last = min(last or today, today)
    if last < _EARLIEST:
        raise InputError(f"to {last}: nothing was done before {_EARLIEST}")
    first = first or last - DAY * ((days or 7) - 1)
    if not 0 <= (last - first).days < MOST_DAYS:
        raise InputError(f"from {first} to {last}: 1 to {MOST_DAYS} days, the first one first")
    return first, last


def _spent(services: Services, tenant: str | None, first: date, last: date) -> dict[date, Sums]:
    found: dict[date, Sums] = {}
    for key, sums in services.stores.ledger.between(first, last).items():
        if tenant in (None, key.tenant):
            found[key.day] = found.get(key.day, Sums()).plus(sums)
    return found


def _sources(services: Services, tenant: str) -> list[str]:
    return [one.id for one in services.stores.sources.all(removed=True) if one.tenant == tenant]


def _searched(services: Services, first: date, last: date, now: datetime) -> dict[date, SweepSums]:
    """By day, for the whole days of which all searches are still there, and for today."""
    start = max(_begin(first), _begin((now - KEEP_ENDED).date() + DAY))
    end = min(_begin(last) + DAY, _begin(now.date()) + DAY)
    if start >= end:
        return {}
    found = services.stores.sweeps.sums(start=start, end=end)
    days = [(start + DAY * number).date() for number in range((end - start).days)]
    return {day: found.get(day, SweepSums()) for day in days}


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _row(day: date, spent: Sums, reads: Reads, searched: SweepSums | None) -> dict[str, Any]:
    return {
        "day": day,
        "processed": None if searched is None else searched.seen + reads.ids,
        "added": None if searched is None else searched.new,
        "updated": reads.read,
        "calls": spent.calls,
        "errors": spent.failed + spent.unanswered,
        "usd": spent.micro_usd / MICRO,
        "searches": None if searched is None else searched.sweeps,
        "duration_seconds": None if searched is None else round(searched.seconds, 1),
    }


def _total(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Each figure over the days of which it is known; None where it is of none."""
    total: dict[str, Any] = {}
    for name in _FIGURES:
        known = [row[name] for row in rows if row[name] is not None]
        total[name] = round(sum(known), 6) if known else None
    return {**total, "days_searched": sum(row["searches"] is not None for row in rows)}
