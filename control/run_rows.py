"""Where the runs of a tenant stand, as rows: each in one of seven states. Reads only.

    queued --X was asked--> running --all is said--> succeeded
       |                       |-----some jobs died, or a day passed--> partial (something was said), failed (nothing)
       '--nothing can be asked now--> waiting (budget, window, credential)          any --a person--> cancelled

A number of runs takes as many round trips as one. Money is in US dollars in what is answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from control import refreshes
from control.refreshes import CANCELLED
from control.runs import pending_runs
from control.sync_progress import streams_read
from control.waiting import Lookout, errand_of
from shared.domain.errors import InputError
from shared.domain.jobs import RefreshEngagement
from shared.domain.money.prices import MICRO
from shared.domain.outcomes import MAX_AGE_SECONDS
from shared.domain.refusals import NotThere
from shared.services.bootstrap import Services
from shared.stores.database import Document, ServerClock
from shared.stores.paging import Key
from shared.stores.runs import REFRESH, SYNC, TRACK

_LONGEST = timedelta(seconds=MAX_AGE_SECONDS)


class State(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({State.SUCCEEDED, State.PARTIAL, State.FAILED, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class _Died:
    """What became of the jobs of a run that died: their posts without X's word, when the last one did, and why."""

    posts: int
    at: datetime
    reason: str


def page(services: Services, tenant: str, *, start: Key | None, limit: int) -> list[dict[str, Any]]:
    """Runs of a tenant, the newest first, or those after a key (`created_at`, `id`)."""
    return _rows(services, services.stores.runs.page(tenant, start=start, limit=limit))


def row(services: Services, tenant: str, run_id: str) -> dict[str, Any]:
    """One run. Raises NotThere for one that is not the tenant's."""
    return _rows(services, [_of(services, tenant, run_id)])[0]


def results(
    services: Services, tenant: str, run_id: str, *, after: str | None, limit: int
) -> tuple[list[dict[str, Any]], bool]:
    """What came of a run's subjects in the order they were asked for, those after one; and whether there are more.

    Raises NotThere for a run that is not the tenant's, InputError for an `after` that is no subject of it.
    """
    _of(services, tenant, run_id)
    run = services.stores.runs.get(run_id) or {}
    stored: dict[str, str] = run.get("stored", {})
    subjects = [*run.get("subjects", ()), *stored]
    if after is not None and after not in subjects:
        raise InputError(f"run {run_id} has no subject {after!r}")
    begin = 0 if after is None else subjects.index(after) + 1
    chosen = subjects[begin : begin + limit]
    if run.get("kind") == REFRESH:
        ids = [int(one) for one in chosen]
        kept = {one: word for one, word in stored.items() if one in chosen}
        stands = refreshes.standing(services, [run_id], ids, asked_at=run["started_at"], stored=kept)
        found = refreshes.posts(services, stands, ids)
        if run.get("cancelled_at"):  # a cancelled job is a dead letter, too
            found = [{**one, "state": CANCELLED if one["state"] == refreshes.DEAD else one["state"]} for one in found]
    else:
        found = [{"id": one, "state": None} for one in chosen]
    return found, begin + limit < len(subjects)


def _of(services: Services, tenant: str, run_id: str) -> Document:
    found = services.stores.runs.summary(tenant, run_id)
    if found is None:
        raise NotThere(f"there is no run {run_id!r}")
    return found


def _rows(services: Services, runs: Sequence[Document]) -> list[dict[str, Any]]:
    now, lookout = ServerClock(services.stores.db).now(), Lookout(services)
    is_other = any(run["kind"] not in (REFRESH, SYNC) for run in runs)
    pending = pending_runs(services, now) if is_other else set[str]()
    read = streams_read(services, [run for run in runs if run["kind"] == SYNC])
    runs = [{**run, **read.get(run["_id"], {})} for run in runs]
    died = _died(services, [run for run in runs if run["kind"] == REFRESH and run["answered"] < run["total"]])
    return [_row(run, _stands(run, pending, died.get(run["_id"]), now), lookout) for run in runs]


def _row(run: Document, stands: tuple[State, datetime | None, str | None], lookout: Lookout) -> dict[str, Any]:
    state, ended_at, problem = stands
    estimate = run.get("estimate_micro_usd")
    waits_for = None
    if state not in ENDED and (waits_for := lookout.waits_for(errand_of(run["kind"]), is_paid=estimate != 0)):
        state = State.WAITING
    total = run["total"] + run["fresh"]
    done = (
        run["answered"] + run["fresh"] if run["kind"] in (REFRESH, SYNC) else total if state is State.SUCCEEDED else 0
    )
    asked_at, began_at = run["started_at"], run.get("began_at")
    return {
        "id": run["_id"],
        "kind": run["kind"],
        "state": state.value,
        "waiting_for": waits_for and waits_for.value,
        "total": total,
        "done": done,
        "fresh": run["fresh"],
        "first": run["subjects"][:3],
        "results_url": f"/v1/runs/{run['_id']}/results",
        "cost": {
            "estimated_usd": None if estimate is None else estimate / MICRO,
            "spent_usd": None if run["kind"] == SYNC else run.get("cost", {}).get("micro_usd", 0) / MICRO,
        },
        "created_at": asked_at,
        # X's clock, which tells whole seconds, must not let it begin before it was asked for, or end before it began.
        "started_at": began_at and max(began_at, asked_at),
        "ended_at": ended_at and max(ended_at, began_at or asked_at, asked_at),
        "created_by": run.get("created_by"),
        "problem": problem,
    }


def _stands(
    run: Document, pending: set[str], died: _Died | None, now: datetime
) -> tuple[State, datetime | None, str | None]:
    """The state, when it ended, and what went wrong; what it waits for is not looked at."""
    if run.get("cancelled_at"):
        return State.CANCELLED, run["cancelled_at"], None
    if run["kind"] in (REFRESH, SYNC):
        left = run["total"] - run["answered"]
        is_done, is_dead = left <= 0, died is not None and died.posts >= left
    else:
        open_names = run["kind"] == TRACK and not pending.isdisjoint(name.lower() for name in run["subjects"])
        is_done, is_dead = run["_id"] not in pending and not open_names, False
    short = State.PARTIAL if run["answered"] + run["fresh"] else State.FAILED
    if is_done:
        return State.SUCCEEDED, run.get("updated_at") or run["started_at"], None
    if is_dead and died is not None:
        return short, died.at, died.reason
    if now - run["started_at"] >= _LONGEST:
        return short, run["started_at"] + _LONGEST, "after a day its jobs are gone"
    return (State.RUNNING if run.get("began_at") else State.QUEUED), None, None


def _died(services: Services, runs: Sequence[Document]) -> Mapping[str, _Died]:
    """By run, those of whose jobs some died."""
    letters = services.dead_letters.of_runs(RefreshEngagement.name, [run["_id"] for run in runs])
    by_run: dict[str, list[Document]] = {}
    for letter in letters:
        by_run.setdefault(letter["actor_args"][0]["run_id"], []).append(letter)
    answered = services.stores.runs.answered(list(by_run)) if by_run else {}
    return {
        run_id: _Died(
            len({post for one in of for post in one["actor_args"][0]["post_ids"]} - answered.get(run_id, set())),
            max(one["died_at"] for one in of),
            of[-1]["reason"],
        )
        for run_id, of in by_run.items()
    }
