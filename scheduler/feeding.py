"""Entering what happened into the feed of each tenant: the leader, each second, so many at most.

    marked --events of whom--> appended --endpoints of these tenants woken--> cleared

Then a job is sent for each endpoint that is due. Two leaders for a moment do no harm: an event is entered once by its
id, and numbers are given in turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from shared.domain.coverage.accounts import Name
from shared.domain.feed import Event, EventType, event_id
from shared.domain.jobs import DeliverFeed
from shared.domain.sources import TRACKED, Source, source_of
from shared.runtime import metrics
from shared.services.bootstrap import Services
from shared.stores.database import Document
from shared.stores.feed import marked_at

# Of each kind at a look: 60,000 posts a minute. Entering 1,000 takes the leader 60 to 100 ms.
AT_ONCE: Final = 1_000
# Endpoints that are sent for at a look; the others are in the next one.
SENT_AT_ONCE: Final = 200


class Feeding:
    """One look after another."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._store = services.stores.feed

    def run_once(self, now: datetime) -> list[DeliverFeed]:
        """Enter what is marked, oldest first, up to AT_ONCE of each kind; answers the jobs that send it on."""
        self._enter(now)
        due = self._services.stores.endpoints.due(now=now, limit=SENT_AT_ONCE)
        return [DeliverFeed(endpoint_id=one) for one in due]

    def _enter(self, now: datetime) -> None:
        for kind in EventType:
            marked = self._store.marked(kind, limit=AT_ONCE)
            if not marked:
                continue
            by_tenant = _by_tenant(self._events(kind, marked))
            for tenant, events in by_tenant.items():
                entered = self._store.append(tenant, events, now=now)
                metrics.FEED_EVENTS.labels(kind.value).inc(entered)
            # Before the marks are cleared: who dies in between leaves them, and the next look wakes again.
            heads = {tenant: self._store.bounds(tenant)[1] for tenant in by_tenant}
            self._services.stores.endpoints.wake(heads, now=now)
            latest = max(marked_at(kind, one) for one in marked)
            self._store.clear(kind, [one["_id"] for one in marked], through=latest)

    def _events(self, kind: EventType, marked: Sequence[Document]) -> Iterable[Event]:
        if kind is EventType.POST_CREATED:
            return [_created(one) for one in marked]
        if kind is EventType.GAP:
            sources = {one.id: one for one in self._services.stores.sources.all()}
            names = self._services.stores.handles.names(member for one in marked for member in one["members"])
            return [event for one in marked for event in _gap(one, sources, names)]
        tenants = self._store.tenants_of([one["_id"] for one in marked])
        return [_of_post(kind, one, tenant) for one in marked for tenant in tenants.get(one["_id"], ())]


def _created(one: Document) -> Event:
    kind = EventType.POST_CREATED
    tenant, post_id = one["tenant_id"], one["external_id"]
    return Event(id=event_id(kind, tenant, post_id), tenant=tenant, type=kind, subject=post_id, at=one["unfed"])


def _of_post(kind: EventType, one: Document, tenant: str) -> Event:
    at = marked_at(kind, one)
    if kind is EventType.POST_GONE:
        data = {name: one["gone"].get(name) for name in ("reason", "at", "by")}
        more = str(round(at.timestamp() * 1000))
    else:
        data = {"superseded_by": one.get("superseded_by")}
        more = str(one.get("superseded_by"))
    return Event(
        id=event_id(kind, tenant, one["_id"], more), tenant=tenant, type=kind, subject=one["_id"], at=at, data=data
    )


def _gap(one: Document, sources: Mapping[str, Source], names: Mapping[str, Name]) -> Iterable[Event]:
    """Of each tenant for whose sources the gap is one."""
    kind, at = EventType.GAP, one["unfed"]
    concerned: dict[str, list[str]] = {}
    for member in one["members"]:
        by_word = source_of(member)
        for source_id in (by_word,) if by_word is not None else _asking(names.get(member)):
            if source_id in sources:
                concerned.setdefault(sources[source_id].tenant, []).append(source_id)
    for tenant, ids in concerned.items():
        told = {name: one[name] for name in ("reason", "state", "from_at", "to_at")}
        yield Event(
            id=event_id(kind, tenant, one["_id"], one["state"]),
            tenant=tenant,
            type=kind,
            subject=one["_id"],
            at=at,
            data={**told, "sources": sorted(set(ids))},
        )


def _asking(name: Name | None) -> Sequence[str]:
    return name.sources if name is not None and name.sources else (TRACKED,)


def _by_tenant(events: Iterable[Event]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(event.tenant, []).append(event)
    return found
