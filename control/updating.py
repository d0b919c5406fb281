"""Reading again, at once and as one run, what of a tenant's posts is most due."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from control import refresh_request
from control.budget import cost_of_refresh, room
from control.refresh_request import JOIN_WITHIN
from control.trail import Origin, recorded
from shared.domain.money.prices import MICRO
from shared.services.bootstrap import Services
from shared.stores.database import ServerClock

# Where most of what is due is of others, so many are looked through for a tenant's.
LOOKED_THROUGH: Final = 20_000


def due(services: Services, tenant: str, *, limit: int, force: bool = False) -> list[int]:
    """Up to `limit` posts of the tenant that no run of it waits for, the most urgent first.

    force: those that are not due yet, too, after them.
    """
    stores = services.stores
    now, most = ServerClock(stores.db).now(), limit
    while True:
        found = stores.engagement.most_due(now=now, most=most, also_later=force)
        own = stores.mentions.among(tenant, found)
        own -= stores.runs.waiting_for(list(own), after=now - JOIN_WITHIN, tenant=tenant).keys()
        if len(own) >= limit or len(found) < most or most >= LOOKED_THROUGH:
            return [int(one) for one in found if one in own][:limit]
        most = min(LOOKED_THROUGH, most * 4)


def update(services: Services, origin: Origin, *, limit: int, force: bool = False) -> str:
    """Begin to read them; answers the run. force: also what was read a moment ago."""
    post_ids = due(services, origin.actor.tenant, limit=limit, force=force)
    return refresh(services, origin, post_ids, force=force, action="engagement.update", target=f"up to {limit}")


def refresh(services: Services, origin: Origin, post_ids: list[int], *, force: bool, action: str, target: str) -> str:
    """Begin to read posts, on the record; answers the run. force: also those that were read a moment ago."""
    with recorded(services, origin, action, target) as entry:
        max_age = timedelta(0) if force else None
        run_id = refresh_request.begin(services, origin, post_ids, max_age=max_age)
        entry.after = {"run": run_id, "posts": len(post_ids)}
    return run_id


def price(services: Services, post_ids: list[int], *, force: bool) -> dict[str, Any]:
    """What refreshing posts would take; changes nothing."""
    now = ServerClock(services.stores.db).now()
    max_age = timedelta(0) if force else None
    stored = refresh_request.fresh(services, post_ids, max_age=max_age, now=now)
    estimate = cost_of_refresh(services, [one for one in post_ids if str(one) not in stored])
    return {
        "posts": len(post_ids),
        "fresh": len(stored),
        "bought_today": estimate.bought_today,
        "calls": estimate.calls,
        "estimated_usd": estimate.cost / MICRO,
        **room(services, estimate.cost),
    }
