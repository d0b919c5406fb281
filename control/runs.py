"""The runs of `track` and `refresh`: each is noted with its estimate, and shown beside what it cost.

The cost is what the ledger billed for the run's own jobs. Prints nothing; money is in US dollars in what is answered.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from control.budget import cost_of_refresh
from control.track_costs import cost_of_track
from control.trail import Origin
from shared.domain.money.prices import MICRO, PriceKind
from shared.domain.outcomes import MAX_AGE_SECONDS
from shared.services.bootstrap import Services
from shared.spending.attribution import gathered
from shared.stores.database import Document, ServerClock
from shared.stores.runs import REFRESH, TRACK


class RunState(StrEnum):
    """Where a run stands."""

    UNDER_WAY = "under way"
    DONE = "done"
    CANCELLED = "cancelled"
    ENDED = "ended"  # after a day without X's word on all: its jobs are gone


def begin_track(
    services: Services,
    names: Sequence[str],
    *,
    since: timedelta,
    now: datetime,
    count: bool = False,
    sample: bool = False,
    own_ids: Collection[int] = (),
    origin: Origin | None = None,
) -> str | None:
    """Note that names are about to be followed, and what that should cost; answers the run, None for no names.

    count, sample, own_ids: see `cost_of_track`; what asking costs is of the run. The posts of a sample are those that
    the run buys in any case. origin: who asks; None: somebody of the usual tenant.
    """
    if not names:
        return None
    with gathered() as calls:
        cost = cost_of_track(services, names, since=since, count=count, sample=sample, own_ids=own_ids)
    post = services.ledger.prices.micro[PriceKind.POST]
    asking = sum(call.micro_usd - call.billed[PriceKind.POST] * post for call in calls)
    run_id = _begin(services, TRACK, names, cost.estimate.run + asking, now, origin)
    services.stores.runs.pay(run_id, calls)
    return run_id


def begin_refresh(
    services: Services,
    post_ids: Sequence[str],
    *,
    now: datetime,
    stored: Mapping[str, str] | None = None,
    origin: Origin | None = None,
) -> str:
    """Note that posts are about to be read again, and what that should cost; answers the run.

    stored: post -> state, of those that are told as they are stored.
    """
    estimate = cost_of_refresh(services, [int(post_id) for post_id in post_ids]).cost if post_ids else 0
    return _begin(services, REFRESH, post_ids, estimate, now, origin, stored)


def run_id_of(origin: Origin | None) -> str:
    """The id of a run that somebody begins: the same each time where the request is carried out once."""
    return uuid.uuid4().hex if origin is None else origin.run_id


def asked_by(origin: Origin | None) -> dict[str, Any]:
    """What a run notes of who began it."""
    if origin is None:
        return {}
    who = origin.actor
    return {"tenant": who.tenant, "created_by": {"kind": who.kind.value, "id": who.id, "name": who.name}}


def _begin(
    services: Services,
    kind: str,
    subjects: Sequence[str],
    estimate: int,
    now: datetime,
    origin: Origin | None,
    stored: Mapping[str, str] | None = None,
) -> str:
    run_id = run_id_of(origin)
    services.stores.runs.begin(
        run_id,
        kind=kind,
        subjects=subjects,
        now=now,
        estimate_micro_usd=estimate,
        stored=stored,
        **asked_by(origin),
    )
    return run_id


def runs(services: Services, limit: int) -> list[dict[str, Any]]:
    """The last runs, the newest first: what each was to cost, what it cost, the difference, and where it stands.

    estimate_usd: None for a run of a version that noted none.
    """
    now = ServerClock(services.stores.db).now()
    pending = pending_runs(services, now)
    return [_row(run, pending, now) for run in services.stores.runs.newest(limit)]


def _row(run: Document, pending: set[str], now: datetime) -> dict[str, Any]:
    estimate, cost = run.get("estimate_micro_usd"), run.get("cost", {})
    actual = cost.get("micro_usd", 0)
    return {
        "run": run["_id"],
        "kind": run["kind"],
        "started_at": run["started_at"],
        "subjects": run["total"],
        "first": run["subjects"][:3],
        "state": _state(run, pending, now).value,
        "estimate_usd": None if estimate is None else estimate / MICRO,
        "cost_usd": actual / MICRO,
        "difference_usd": None if estimate is None else (actual - estimate) / MICRO,
        "difference_ratio": round((actual - estimate) / estimate, 4) if estimate else None,
        "calls": cost.get("calls", 0),
        "posts": cost.get("posts", 0),
        "users": cost.get("users", 0),
    }


def _state(run: Document, pending: set[str], now: datetime) -> RunState:
    if run.get("cancelled_at"):
        return RunState.CANCELLED
    is_open = run["_id"] in pending
    if run["kind"] == TRACK:
        is_open = is_open or not pending.isdisjoint(name.lower() for name in run["subjects"])
    elif run["kind"] == REFRESH:
        is_open = is_open or len(run["results"]) < run["total"]
    if not is_open:
        return RunState.DONE
    return RunState.UNDER_WAY if now - run["started_at"] < timedelta(seconds=MAX_AGE_SECONDS) else RunState.ENDED


def pending_runs(services: Services, now: datetime) -> set[str]:
    """Runs with a first sweep or authors outstanding, and names that were not looked up yet."""
    stores = services.stores
    sweeping = {one.run_id for one in stores.streams.active() if one.run_id and not one.sweeps_completed}
    sweeping |= {gap.run_id for gap in stores.gaps.open_of_runs() if gap.run_id}
    unknown = {name.lower() for name in stores.handles.unresolved(before=now)}
    return sweeping | set(stores.authors.count_of_runs()) | unknown
