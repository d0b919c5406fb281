"""Webhook endpoints as they may be shown: the host of the address, and no secret."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from shared.domain.deliveries import Endpoint, Outcome
from shared.domain.feed import USUAL, EventType
from shared.domain.refusals import NotThere
from shared.services.bootstrap import Services
from shared.stores.paging import Key

_LATELY: Final = timedelta(hours=24)


def found(services: Services, tenant: str, endpoint_id: str) -> Endpoint:
    """The endpoint of a tenant. Raises NotThere."""
    endpoint = services.stores.endpoints.get(endpoint_id, tenant=tenant)
    if endpoint is None:
        raise NotThere(f"there is no endpoint {endpoint_id!r}")
    return endpoint


def rows(services: Services, tenant: str, *, start: Key | None, limit: int) -> list[dict[str, Any]]:
    """Those of a tenant, the newest first. Constant round trips."""
    newest = services.stores.feed.bounds(tenant)[1]
    return [row(one, newest) for one in services.stores.endpoints.page(tenant, start=start, limit=limit)]


def shown(services: Services, tenant: str, endpoint_id: str) -> dict[str, Any]:
    """One, with what waits for it and how it did lately. Raises NotThere."""
    endpoint = found(services, tenant, endpoint_id)
    newest = services.stores.feed.bounds(tenant)[1]
    waiting = services.stores.feed.after(tenant, endpoint.cursor, types=frozenset(EventType), limit=1)
    lately = services.stores.deliveries.since(endpoint.id, services.clock.now() - _LATELY)
    tries = sum(lately.values())
    return {
        **row(endpoint, newest),
        "oldest_waiting_at": waiting[0].fed_at if waiting else None,
        "last_24h": {"tries": tries, "delivered": lately[Outcome.DELIVERED.value]},
    }


def deliveries(
    services: Services, tenant: str, endpoint_id: str, *, start: Key | None, limit: int
) -> list[dict[str, Any]]:
    """What was tried, the newest first. Raises NotThere."""
    endpoint = found(services, tenant, endpoint_id)
    rows = services.stores.deliveries.page(endpoint.id, start=start, limit=limit)
    return [{"id": one.pop("_id"), **one} for one in rows]


def row(endpoint: Endpoint, newest: int) -> dict[str, Any]:
    """An endpoint as it may be shown. newest: the greatest number of its feed."""
    return {
        "id": endpoint.id,
        **settings_of(endpoint),
        "state_since": endpoint.state_since,
        "cursor": str(endpoint.cursor),
        "backlog": max(0, newest - endpoint.cursor),
        "next_try_at": endpoint.due_at if endpoint.pending and endpoint.pending.tries else None,
        "replaying_through": str(endpoint.replay.through) if endpoint.replay else None,
        "missed": endpoint.missed,
        "sent": endpoint.counts.get("sent", 0),
        "events": endpoint.counts.get("events", 0),
        "retried": endpoint.counts.get("retried", 0),
        "given_up": endpoint.counts.get("given_up", 0),
        "last_error": endpoint.last_error,
        "previous_secret_until": endpoint.previous_until,
        "created_at": endpoint.created_at,
        "created_by": endpoint.created_by,
    }


def settings_of(endpoint: Endpoint) -> dict[str, Any]:
    """What a person decides of it, and nothing that opens it."""
    return {
        "host": endpoint.host,
        "types": sorted(USUAL if endpoint.types is None else endpoint.types),
        "max_events": endpoint.max_events,
        "state": endpoint.state.value,
        "why": endpoint.why and endpoint.why.value,
    }
