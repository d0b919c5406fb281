"""The accounts that a tenant follows: `track` and `untrack` for it, on the record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from control import budget, commands, roster
from control.look_up import look_up
from control.track_costs import cost_of_track
from control.trail import Origin, recorded
from shared.domain.errors import InputError
from shared.domain.money.prices import MICRO
from shared.domain.refusals import DoesNotFit, NotThere
from shared.domain.sources import tracked_of
from shared.services import sources
from shared.services.bootstrap import Services
from shared.services.following import FURTHEST_SINCE
from shared.stores.database import ServerClock


def rows(services: Services, tenant: str, *, after: str | None, limit: int) -> list[dict[str, Any]]:
    """Accounts that the tenant's sources ask for, by name, those after one: as `covey handles` has them, and which
    sources ask. The round trips do not grow with them.
    """
    asked = asking(services, tenant)
    names = [name for name in sorted(asked) if after is None or name > after][:limit]
    found = roster.some(services.stores, names) if names else []
    return [{**one, "sources": asked[one["username"].lower()]} for one in found]


def asking(services: Services, tenant: str) -> dict[str, list[str]]:
    """Which sources of the tenant ask for each account (lower case)."""
    found: dict[str, list[str]] = {}
    for source in services.stores.sources.of_tenant(tenant):
        for name in source.accounts:
            found.setdefault(name, []).append(source.id)
    return found


def price(services: Services, tenant: str, names: Sequence[str], *, since: timedelta) -> dict[str, Any]:
    """What following them for a tenant would cost about, in US dollars; changes nothing."""
    source, there = tracked_of(tenant), asking(services, tenant)
    added = [name for name in names if source not in there.get(name.lower(), ())]
    cost = cost_of_track(services, names, since=min(since, FURTHEST_SINCE))
    estimate = cost.estimate
    return {
        "would_add": added,
        "already": [name for name in names if name not in set(added)],
        "once_usd": estimate.once / MICRO,
        "first_day_usd": estimate.first_day / MICRO,
        "later_day_usd": estimate.later_day / MICRO,
        "month_usd": estimate.month / MICRO,
        **budget.room(services, estimate.once + estimate.first_day),
    }


def follow(
    services: Services, origin: Origin, names: Sequence[str], *, since: timedelta, force: bool = False
) -> dict[str, Any]:
    """Follow accounts for the actor's tenant. force: names too that X does not know; else InputError names them."""
    tenant = origin.actor.tenant
    source = tracked_of(tenant)
    there = asking(services, tenant)
    found = look_up(services, commands.not_followed(services, names))
    if found.unknown and not force:
        unknown = ", ".join(f"@{name}" for name in found.unknown)
        raise InputError(f"X knows no {unknown}; nothing was done (force=true follows them all the same)")
    added = [name for name in names if source not in there.get(name.lower(), ())]
    with recorded(services, origin, "account.track", ", ".join(names)[:200]) as entry:
        services.following.queries(names)  # raises what must come before anything is written
        services.stores.sources.begin_tracked(tenant, now=ServerClock(services.stores.db).now())
        done = commands.track(services, names, since=since, found=found, source=source, origin=origin)
        entry.after = {"added": added, "since_seconds": since.total_seconds(), "run": done.run_id}
    return {
        "added": added,
        "already": [name for name in names if name not in set(added)],
        "read_back": done.read_back,
        **{name: getattr(found, name) for name in ("unknown", "suspended", "protected")},
        "run_id": done.run_id,
    }


def leave(services: Services, origin: Origin, name: str) -> None:
    """Follow an account no longer for the actor's tenant; what was collected stays.

    Raises NotThere for one that it does not follow, and DoesNotFit for one that only other sources of it ask for.
    """
    tenant = origin.actor.tenant
    source, askers = tracked_of(tenant), asking(services, tenant).get(name.lower(), [])
    if not askers:
        raise NotThere(f"@{name} is not followed")
    if source not in askers:
        raise DoesNotFit(f"@{name} is asked for by {', '.join(askers)}: change that source")
    with recorded(services, origin, "account.untrack", name, before={"sources": askers}) as entry:
        sources.untrack(services, [name.lower()], source=source)
        entry.after = {"sources": [one for one in askers if one != source]}
