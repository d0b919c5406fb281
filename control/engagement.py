"""How the engagement of a tenant's posts is followed: what is due, and what reading it again led to. Reads only.

Money is in US dollars.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from control import stats, updating
from shared.domain.engagement.refresh import Engagement, tracked
from shared.domain.errors import InputError
from shared.domain.money.prices import MICRO, PriceKind
from shared.domain.planning.posts import hours
from shared.services.bootstrap import Services

ROWS: Final = 5_000  # of what reading led to, at most


def due(services: Services, tenant: str, *, limit: int, later: bool = False) -> list[dict[str, Any]]:
    """Up to `limit` posts of the tenant that are due, the most urgent first. later: also those that will be.

    usd: what reading it costs. Those that a run of the tenant waits for are left out.
    """
    ids = updating.due(services, tenant, limit=limit, force=later)
    known, now = services.stores.engagement.among(ids), services.ledger.now()
    price = services.ledger.prices.micro[PriceKind.POST] / MICRO
    return [_row(known[one], now, price) for one in ids if one in known]


def read_by_day(
    services: Services, tenant: str, *, days: int, source: str | None = None
) -> tuple[list[dict[str, Any]], bool]:
    """What reading again led to on the last UTC days, today's so far, by source of the tenant, the newest first; and
    whether there are more than `ROWS`. Raises InputError for a source that the tenant has not.
    """
    own = services.stores.sources.ids_of(tenant)
    if source is not None and source not in own:
        raise InputError(f"there is no source {source!r}")
    since = services.ledger.now().date() - timedelta(days=days - 1)
    wanted = own if source is None else [source]
    found = services.stores.reads.of_sources(wanted, since=since, limit=ROWS + 1)
    rows = [stats.row(services, reads, day=str(day), source=of) for day, of, reads in found[:ROWS]]
    return rows, len(found) > ROWS


def read_in_all(services: Services, *, days: int) -> list[dict[str, Any]]:
    """The same of the whole installation: each post once, however many sources it concerns."""
    since = services.ledger.now().date() - timedelta(days=days - 1)
    found = services.stores.reads.of_sources([None], since=since, limit=days)
    return [stats.row(services, reads, day=str(day), source=None) for day, _, reads in found]


def _row(state: Engagement, now: datetime, price: float) -> dict[str, Any]:
    post, at = tracked(state), state.next_refresh_at
    return {
        "id": str(state.post_id),
        "created_at": state.created_at,
        "state": state.state.value,
        "tier": state.tier.value,
        "velocity": round(state.velocity, 1),
        "acts": post.acts,
        "read_at": state.read_at,
        "next_reading_at": at,
        "overdue_seconds": 0.0 if at is None else max(0.0, round((now - at).total_seconds(), 1)),
        "usd": 0.0 if post.is_owned(hours(now if at is None else max(now, at))) else price,
    }
