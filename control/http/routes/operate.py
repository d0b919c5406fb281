"""The installation: how it stands, what it works on, what X lets it ask, and how a person steers it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from control import limits as x_limits
from control import logs as files
from control import operating, schedules, work
from control.http.access import From, The, needs
from control.http.paging import Cursor, Limit, Paged, key_of, paged
from control.http.problems import Kind, Problem
from control.http.shapes.operate import (
    Cancelled,
    Changed,
    JobRow,
    Jobs,
    Limits,
    LogLine,
    Logs,
    QueueRow,
    ScheduleRow,
    Status,
    WorkerRow,
)
from control.logs import TAIL_BYTES, LogFilter
from control.work import JobFilter
from shared.broker.queued import QueuedState
from shared.domain.access import Scope
from shared.domain.errors import InputError
from shared.domain.jobs import ALL_QUEUES
from shared.services.pausing import ALL

router = APIRouter(prefix="/v1", tags=["operate"])

_FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)  # schedules are in the order of their ids alone
Name = Annotated[str, Path(max_length=64, description=f"{', '.join(ALL_QUEUES)}, or {ALL}.")]


@router.get("/status", **needs(Scope.OPERATE))
def status(request: Request) -> Status:
    """Does everything do its work, and if not, why? Counted once for all who ask, and kept for at least 5 s."""
    return Status(**request.app.state.status.get())


@router.get("/queues", **needs(Scope.OPERATE))
def queues(services: The) -> list[QueueRow]:
    """Every queue: what is due, waits and runs, how old the oldest is, who serves it, whether it is paused."""
    return [QueueRow(**row) for row in work.queues(services)]


@router.post("/queues/{queue}/pause", **needs(Scope.OPERATE, 404))
def pause_queue(request: Request, services: The, origin: From, queue: Name) -> Changed:
    """Begin nothing of this queue until it is resumed. What runs is finished, nothing is lost."""
    _there(queue)
    return _changed(request, services, operating.pause(services, origin, [queue]))


@router.post("/queues/{queue}/resume", **needs(Scope.OPERATE, 404))
def resume_queue(request: Request, services: The, origin: From, queue: Name) -> Changed:
    """Go on with a queue that was paused."""
    _there(queue)
    return _changed(request, services, operating.resume(services, origin, [queue]))


@router.get("/jobs", **needs(Scope.OPERATE))
def jobs(
    services: The,
    queue: Annotated[str | None, Query(max_length=64, description=f"{', '.join(ALL_QUEUES)}.")] = None,
    state: Annotated[QueuedState | None, Query(description="Only in this state.")] = None,
    subject: Annotated[
        str | None, Query(max_length=200, description="Only what holds this: @handle, post, file, run, id.")
    ] = None,
    limit: Limit = 50,
) -> Jobs:
    """Jobs that run or wait, of the first 50,000 of each queue: those that run, then the others as they are due."""
    found = work.jobs(services, JobFilter(queue=queue, state=state, subject=subject), limit=limit + 1)
    return Jobs(data=[JobRow(**row) for row in found[:limit]], has_more=len(found) > limit)


@router.post("/jobs/{job_id}/cancel", **needs(Scope.OPERATE, 404))
def cancel_job(services: The, origin: From, job_id: Annotated[str, Path(max_length=200)]) -> Cancelled:
    """Move a job that waits to the dead letters, from where it can be replayed. One that runs ends by itself."""
    try:
        return Cancelled(**operating.cancel(services, origin, job_id))
    except InputError as error:
        raise Problem(Kind.NOT_FOUND, str(error)) from None


@router.get("/workers", **needs(Scope.OPERATE))
def workers(services: The) -> list[WorkerRow]:
    """Every process with what its threads run, those too that went without a word within the last hour."""
    return [WorkerRow(**row) for row in work.workers(services)]


@router.get("/limits", **needs(Scope.OPERATE))
def limits(services: The) -> Limits:
    """The windows of X's rate limits, and what its refusals block. None of this limits requests to this API."""
    return Limits(**x_limits.shown(services))


@router.get("/schedules", **needs(Scope.OPERATE))
def list_schedules(
    request: Request,
    response: Response,
    services: The,
    kind: Annotated[str | None, Query(max_length=64, description="Only this kind, such as search.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Paged[ScheduleRow]:
    """What recurs, by id, with when it is due next."""
    start = key_of(cursor)
    found = schedules.rows(services, kind=kind, start=start[1] if start else None, limit=limit + 1)
    return Paged[ScheduleRow](**paged(request, response, found, limit, lambda row: (_FIRST, row["id"])))


@router.get("/logs", **needs(Scope.OPERATE, 404))
def logs(
    services: The,
    service: Annotated[list[str] | None, Query(max_length=20, description="Only of these processes.")] = None,
    level: Annotated[
        Literal["debug", "info", "warning", "error", "critical"] | None, Query(description="At least this.")
    ] = None,
    since: Annotated[datetime | None, Query(description="No older than this; with an offset.")] = None,
    correlation_id: Annotated[
        str | None, Query(max_length=100, description="Only what this run, slot or request led to.")
    ] = None,
    limit: Limit = 50,
) -> Logs:
    """The newest log entries of the processes that `covey up` runs on this machine. Containers have their own logs."""
    if since is not None and since.tzinfo is None:
        raise InputError("since: give the offset too, such as 2026-11-27T12:00:00Z")
    try:
        paths = files.files(services.settings.data_dir / "logs", service or [])
    except InputError as error:
        raise Problem(Kind.NOT_FOUND, str(error)) from None
    found = files.latest(paths, LogFilter(level, since, correlation_id), limit=limit)
    rows = [
        LogLine(at=one.at, level=one.level, service=one.name, text=one.text, correlation_id=one.correlation_id)
        for one in found
    ]
    return Logs(data=rows, searched_bytes_a_file=TAIL_BYTES)


def _there(queue: str) -> None:
    if queue not in (*ALL_QUEUES, ALL):
        raise Problem(Kind.NOT_FOUND, f"there is no queue {queue!r}; there are {', '.join(ALL_QUEUES)}, or {ALL}")


def _changed(request: Request, services: The, changed: list[str]) -> Changed:
    request.app.state.status.forget()
    return Changed(changed=changed, paused=sorted(services.pausing.paused()))
