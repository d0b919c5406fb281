"""Runs: what was asked for, how far it is, what it costs; and asking for it no more."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from control import cancelling, run_rows
from control.http.access import Caller, From, The, needs
from control.http.etags import DOCUMENTED, IfNoneMatch, tagged
from control.http.paging import Cursor, Limit, Paged, key_of, paged
from control.http.shapes.runs import Run, RunResult
from shared.domain.access import Scope

router = APIRouter(prefix="/v1", tags=["runs"])
RunId = Annotated[str, Path(max_length=64)]
_read_one = needs(Scope.READ, 404)


@router.get("/runs", **needs(Scope.READ))
def list_runs(
    request: Request, response: Response, services: The, caller: Caller, limit: Limit = 50, cursor: Cursor = None
) -> Paged[Run]:
    """What was asked for, the newest first. Runs are kept for 30 days."""
    found = run_rows.page(services, caller.tenant, start=key_of(cursor), limit=limit + 1)
    return Paged[Run](**paged(request, response, found, limit, lambda one: (one["created_at"], one["id"])))


@router.get(
    "/runs/{run_id}",
    response_model=Run,
    dependencies=_read_one["dependencies"],
    openapi_extra=_read_one["openapi_extra"],
    responses={**_read_one["responses"], **DOCUMENTED},
)
def get_run(
    request: Request, services: The, caller: Caller, run_id: RunId, if_none_match: IfNoneMatch = None
) -> Response:
    """One run: where it stands, how much of it is done, what it was to cost and what it cost."""
    return tagged(request, Run(**run_rows.row(services, caller.tenant, run_id)))


@router.get("/runs/{run_id}/results", **_read_one)
def run_results(
    request: Request,
    response: Response,
    services: The,
    caller: Caller,
    run_id: RunId,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Paged[RunResult]:
    """What came of each subject, in the order in which they were asked for."""
    run, start = run_rows.row(services, caller.tenant, run_id), key_of(cursor)
    after = None if start is None else start[1]
    found, has_more = run_rows.results(services, caller.tenant, run_id, after=after, limit=limit)
    rows = [*found, *([{}] if has_more else [])]
    return Paged[RunResult](**paged(request, response, rows, limit, lambda one: (run["created_at"], one["id"])))


@router.post("/runs/{run_id}/cancel", **needs(Scope.RUNS, 404, 409))
def cancel_run(services: The, origin: From, run_id: RunId) -> Run:
    """Ask for it no more: what waits is not done, what X is being asked ends by itself, what came of it stays.

    A run of `track` cannot be cancelled: leave the accounts out instead. One that has ended stays as it is.
    """
    return Run(**cancelling.cancel(services, origin, run_id))
