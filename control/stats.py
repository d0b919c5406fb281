"""What `covey stats` tells, as plain functions: they answer values and print nothing. Money is in US dollars.

Everything here is a sum that is kept as things happen, or a count that is made in the background: no question costs
more the more is stored.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from shared.domain.engagement.reads import Reads
from shared.domain.engagement.standing import TierStanding
from shared.domain.errors import InputError
from shared.domain.money.prices import MICRO, PriceKind
from shared.services.bootstrap import Services
from shared.services.standing import latest
from shared.stores.runs import REFRESH

DAYS = 30  # of a source
Row = dict[str, Any]


def day_of(text: str, *, today: date) -> date:
    """A UTC day as a person writes it. Raises InputError that names it."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{text!r} is no day: write YYYY-MM-DD, such as {today}") from None
    if day > today:
        raise InputError(f"{text!r} has not begun: today is {today} (UTC)")
    return day


def followed(services: Services) -> Row:
    """How many posts are followed by tier, due, late and stale, as counted last."""
    last = latest(services)
    tiers = [_tier(tier.value, one) for tier, one in last.tiers.items()]
    age = (services.clock.now() - last.at).total_seconds()
    counted = {"counted_at": last.at, "age_seconds": round(max(0.0, age), 1), "unpaid": last.unpaid}
    return {**counted, "tiers": [*tiers, _tier(None, last.total)]}


def _tier(name: str | None, one: TierStanding) -> Row:
    return {
        "tier": name,
        "followed": one.followed,
        "due": one.due,
        "overdue": one.overdue,
        "lag_seconds": round(one.lag_seconds, 1),
        "stale_ratio": round(one.stale_ratio, 4),
    }


def of_day(services: Services, day: date) -> list[Row]:
    """The readings of a day: in all (source: None), and by source. One row where nothing was read."""
    found = services.stores.reads.of_day(day)
    total = found.pop(None, Reads())
    rows = [row(services, total, day=str(day), source=None)]
    return rows + [row(services, one, day=str(day), source=source) for source, one in sorted(_named(found).items())]


def of_source(services: Services, source: str) -> list[Row]:
    """The readings of a source by day, the newest first. Raises InputError for one that there never was."""
    if services.stores.sources.get(source) is None:
        known = ", ".join(one.id for one in services.stores.sources.all()[:10]) or "none"
        raise InputError(f"there is no source {source!r}; there are: {known}")
    found = services.stores.reads.of_source(source, limit=DAYS)
    return [row(services, one, day=str(day), source=source) for day, one in found.items()]


def of_run(services: Services, run_id: str) -> list[Row]:
    """What a refresh led to so far; of other runs what they bought. Raises InputError for one that is not known."""
    run = services.stores.runs.get(run_id)
    if run is None:
        raise InputError(f"there is no run {run_id!r}: covey budget runs --json lists those of 30 days")
    cost, is_refresh = run.get("cost", {}), run["kind"] == REFRESH
    shown = [post for post, word in run["results"].items() if word == "alive"] if is_refresh else []
    bought = len(set(run.get("bought", ())).intersection(shown)) if is_refresh else int(cost.get("posts", 0))
    reads = Reads(
        calls=int(cost.get("calls", 0)),
        ids=len(run["results"]) if is_refresh else bought,
        read=len(shown) if is_refresh else bought,
        bought=bought,
        free=len(shown) - bought if is_refresh else 0,
        micro_usd=int(cost.get("micro_usd", 0)),
    )
    return [row(services, reads, run=run_id, kind=run["kind"], started_at=run["started_at"])]


def _named(found: dict[str | None, Reads]) -> dict[str, Reads]:
    return {source: one for source, one in found.items() if source is not None}


def row(services: Services, reads: Reads, **of: str | datetime | None) -> Row:
    """One row: what it is of, and its figures."""
    price, full = services.ledger.prices.micro[PriceKind.POST], reads.ids_a_call
    return {
        **of,
        "calls": reads.calls,
        "ids": reads.ids,
        "ids_a_call": None if full is None else round(full, 1),
        "read": reads.read,
        "bought": reads.bought,
        "free": reads.free,
        "saved_usd": reads.saved_micro_usd(price) / MICRO,
        "usd": reads.micro_usd / MICRO,
    }
