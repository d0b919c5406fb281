"""Reading a tenant's sources at once: their streams are due now, whoever else they are read for.

One request for the same at a time. Money is in US dollars in what is answered.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from control import run_rows
from control.budget import room
from control.trail import Origin, recorded
from control.waiting import SEARCHING, Lookout
from shared.domain.coverage.capabilities import Capabilities
from shared.domain.coverage.streams import Stream
from shared.domain.flock import ProcessKind
from shared.domain.money.estimate import DAY
from shared.domain.money.prices import MICRO, PriceKind
from shared.domain.outcomes import MAX_AGE_SECONDS
from shared.domain.refusals import DoesNotFit
from shared.domain.sources import Source
from shared.platforms.x.endpoints import ENDPOINTS
from shared.services.bootstrap import Services
from shared.services.following import SEARCH
from shared.services.rates import rates_now
from shared.stores.database import ServerClock
from shared.stores.runs import SYNC
from shared.stores.searched import SearchedStore

ALL: Final = "*"  # in the place of a source: all of the tenant
COUNTED: Final = 100_000  # posts of a source, at most
WAITS_SECONDS: Final = 3.0  # for somebody who begins the same
_LONGEST: Final = timedelta(seconds=MAX_AGE_SECONDS)


class UnderWay(DoesNotFit):
    """It is being read at once already. run_id: of the request."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"it is being read already: run {run_id}")
        self.run_id = run_id


def streams_of(services: Services, sources: Sequence[Source]) -> list[Stream]:
    """The streams that carry what sources ask for."""
    members = {one for source in sources if source.asks for one in _members(source)}
    return services.stores.streams.with_members(members) if members else []


def _members(source: Source) -> Sequence[str]:
    return source.accounts if source.key is None else [source.key]


def price(services: Services, sources: Sequence[Source]) -> dict[str, Any]:
    """What reading them now would take, about, by how much is posted; changes nothing."""
    streams, now = streams_of(services, sources), ServerClock(services.stores.db).now()
    posts = _posts_about(services, streams, now)
    micro = round(posts * services.ledger.prices.micro[PriceKind.POST])
    found = {"streams": len(streams), "posts_about": round(posts), "estimated_usd": micro / MICRO}
    return {**found, **room(services, micro)}


def begin(services: Services, origin: Origin, sources: Sequence[Source], what: str) -> str:
    """Let the streams of sources be due now; answers the run. what: the source's id, or ALL.

    Raises UnderWay where that is being done, DoesNotFit for a source that is paused.
    """
    if all(source.paused for source in sources) and sources:
        raise DoesNotFit(f"{what} is paused: resume it first")
    tenant, run_id = origin.actor.tenant, origin.run_id
    with _alone(services, tenant, what, run_id):
        now = ServerClock(services.stores.db).now()
        running = running_of(services, tenant, what, now=now)
        if running is not None and running["id"] != run_id:
            raise UnderWay(running["id"])
        streams = streams_of(services, sources)
        with recorded(services, origin, "sync.begin", what) as entry:
            posts = _posts_about(services, streams, now)
            who = origin.actor
            services.stores.runs.begin(
                run_id,
                kind=SYNC,
                subjects=[what],
                now=now,
                estimate_micro_usd=round(posts * services.ledger.prices.micro[PriceKind.POST]),
                tenant=tenant,
                created_by={"kind": who.kind.value, "id": who.id, "name": who.name},
                streams=[stream.id for stream in streams],
            )
            services.stores.schedules.hasten([f"{SEARCH}:{stream.id}" for stream in streams], now=now)
            entry.after = {"run": run_id, "streams": len(streams)}
    return run_id


def running_of(services: Services, tenant: str, what: str, *, now: datetime) -> dict[str, Any] | None:
    """The request to read a source at once that is under way."""
    last = services.stores.runs.last_sync(tenant, what, after=now - _LONGEST)
    if last is None:
        return None
    row = run_rows.row(services, tenant, last["_id"])
    return None if row["state"] in run_rows.ENDED else row


@contextmanager
def _alone(services: Services, tenant: str, what: str, run_id: str) -> Iterator[None]:
    """Those who begin the same at the same moment go one after the other; one that takes too long is under way."""
    lock, store = f"{tenant}|sync|{what}", services.stores.idempotency
    deadline = time.monotonic() + WAITS_SECONDS
    while (held := store.claim(lock, digest=run_id, now=services.clock.now())) is not None:
        if time.monotonic() > deadline:
            raise UnderWay(held.digest)
        threading.Event().wait(0.02)
    try:
        yield
    finally:
        store.forget(lock)


def _posts_about(services: Services, streams: Sequence[Stream], now: datetime) -> float:
    rate = rates_now(services, services.treasury.books()).posts_a_day.value
    return sum(len(one.members) * rate * (max(timedelta(0), now - one.covered_through) / DAY) for one in streams)


def standing(services: Services, source: Source) -> dict[str, Any]:
    """How a source is read: since when now, when last, when next; X's windows for searches; what it has brought."""
    stores, now = services.stores, ServerClock(services.stores.db).now()
    streams = streams_of(services, [source])
    ids = [stream.id for stream in streams]
    searched = SearchedStore(stores.db)
    under_way, ended = searched.under_way(ids), searched.ended(ids, since=now - timedelta(days=14))
    due = stores.schedules.of_subjects(SEARCH, ids)
    asked = running_of(services, source.tenant, source.id, now=now)
    posts = stores.mentions.count_of(source.id, most=COUNTED)
    waits_for = Lookout(services).waits_for(SEARCHING)
    return {
        "source": source.id,
        "paused": source.paused,
        "running_since": under_way[0][1] if under_way else None,
        "run": asked and asked["id"],
        "waiting_for": waits_for and waits_for.value,
        "last_sync_at": ended[-1][1] if ended else None,
        "next_due_at": due[0].next_due_at if due else None,
        "covered_through": min((one.covered_through for one in streams), default=None),
        "windows": _windows(services),
        "totals": {"posts": posts, "is_capped": posts >= COUNTED, "searches": len(streams)},
    }


def _windows(services: Services) -> list[dict[str, Any]]:
    """X's windows for searches, without the names of those who ask."""
    return [
        {"limit": one.limit, "remaining": one.remaining, "reset_in_seconds": one.reset_in_seconds}
        for one in services.limiter.state().windows
        if one.endpoint == SEARCHING.endpoint.key
    ]


def scheduler(services: Services, sources: Sequence[Source]) -> dict[str, Any]:
    """Whether somebody plans what is read, and when the tenant's streams are due."""
    now = ServerClock(services.stores.db).now()
    alive = [
        one for one in services.stores.processes.all() if one.kind is ProcessKind.SCHEDULER and not one.is_gone(now)
    ]
    due = services.stores.schedules.of_subjects(SEARCH, [one.id for one in streams_of(services, sources)])
    return {
        "leads": any(one.leads for one in alive),
        "standing_by": sum(not one.leads for one in alive),
        "beat_at": max((one.beat_at for one in alive), default=None),
        "searches": len(due),
        "next_due_at": due[0].next_due_at if due else None,
        "late_seconds": max(0.0, (now - due[0].next_due_at).total_seconds()) if due else 0.0,
    }


def platforms(services: Services) -> list[dict[str, Any]]:
    """What can be listened to: X, whether it can be asked now, and which of its optional endpoints the plan has."""
    now, known = ServerClock(services.stores.db).now(), services.plan.capabilities()
    waits_for = Lookout(services).waits_for(SEARCHING)
    return [
        {
            "id": "x",
            "name": "X",
            "status": "ready" if waits_for is None else "waiting",
            "waiting_for": waits_for and waits_for.value,
            "capabilities": _capabilities(known, now),
        }
    ]


def _capabilities(known: Capabilities, now: datetime) -> dict[str, bool | None]:
    """By endpoint; None: nobody has asked yet, or too long ago."""
    return {key: known.has(key, now) if one.is_optional else True for key, one in sorted(ENDPOINTS.items())}
