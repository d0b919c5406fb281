"""Dead letters: the jobs that were given up."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from control import dead
from control.http.access import From, The, needs
from control.http.paging import Cursor, Limit, Paged, key_of, paged
from control.http.problems import Kind, Problem
from shared.domain.access import Scope
from shared.domain.errors import InputError
from shared.stores.dead_letters import DeadFilter

router = APIRouter(prefix="/v1/dead", tags=["dead"])


class Letter(BaseModel):
    """A job that was given up. args: as the job has them. payload: the text of a message that is no job."""

    id: str
    died_at: datetime
    queue: str
    job: str | None
    reason: str
    args: list[Any] | None
    attempts: int | None
    deferrals: int | None
    enqueued_at: datetime | None
    correlation_id: str | None
    traceback: str | None
    payload: str | None
    replayed: bool
    replayed_at: datetime | None


class Group(BaseModel):
    """Letters of one job and one reason."""

    job: str | None
    reason: str
    count: int
    first: datetime
    last: datetime


class Groups(BaseModel):
    """The most frequent first. counted: letters that were looked through. has_more: there are others beside."""

    groups: list[Group]
    counted: int
    has_more: bool


class Chosen(BaseModel):
    """Letters to be replayed: those that all of it fits. ids: or their first characters. before: died before then.

    expected: how many whoever asks has seen (`?dry_run=true` tells); with another number nothing is done.
    """

    model_config = {"extra": "forbid"}

    ids: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(default_factory=list, max_length=200)
    job: str | None = Field(None, min_length=1, max_length=100)
    reason: str | None = Field(None, min_length=1, max_length=500)
    before: AwareDatetime | None = None
    expected: int | None = Field(None, ge=0)

    def which(self, *, replayed: bool | None = None) -> DeadFilter:
        """As the stores have it."""
        return DeadFilter(ids=self.ids, job=self.job, reason=self.reason, died_before=self.before, replayed=replayed)


class ChosenToForget(Chosen):
    """replayed: only those that were replayed, or only the others. The rest as for a replay."""

    replayed: bool | None = None


class Replayed(BaseModel):
    """fit: letters that were chosen. replayed: jobs that are in the queue because of it; the rest needed it not
    (outstanding), cannot be (unreadable), or are in the hands of another replay (busy).
    """

    fit: int
    replayed: int = 0
    outstanding: int = 0
    unreadable: int = 0
    busy: int = 0


class Purged(BaseModel):
    """fit: letters that were chosen. purged: of them those that are gone."""

    fit: int
    purged: int = 0


def _which(
    job: Annotated[str | None, Query(min_length=1, max_length=100, description="Only this job.")] = None,
    reason: Annotated[
        str | None, Query(min_length=1, max_length=500, description="Only whose reason holds this.")
    ] = None,
    before: Annotated[AwareDatetime | None, Query(description="Only what died before then.")] = None,
    replayed: Annotated[bool | None, Query(description="Only those that were replayed, or only the others.")] = None,
) -> DeadFilter:
    return DeadFilter(job=job, reason=reason, died_before=before, replayed=replayed)


Which = Annotated[DeadFilter, Depends(_which)]
DryRun = Annotated[bool, Query(description="Only say how many letters fit.")]


@router.get("", **needs(Scope.OPERATE))
def letters(
    request: Request, response: Response, services: The, which: Which, limit: Limit = 50, cursor: Cursor = None
) -> Paged[Letter]:
    """The letters that fit, the newest first."""
    found = dead.page(services, which, start=key_of(cursor), limit=limit + 1)
    return Paged[Letter](**paged(request, response, found, limit, lambda one: (one["died_at"], one["id"])))


@router.get("/groups", **needs(Scope.OPERATE))
def groups(services: The, which: Which, limit: Limit = 50) -> Groups:
    """The letters that fit, by job and reason, with how many there are; of the newest 100,000."""
    return Groups(**dead.groups(services, which, limit=limit))


@router.get("/{dead_id}", **needs(Scope.OPERATE, 404))
def letter(services: The, dead_id: Annotated[str, Path(max_length=200)]) -> Letter:
    """One letter."""
    try:
        return Letter(**dead.one(services, dead_id))
    except InputError as error:
        raise Problem(Kind.NOT_FOUND, str(error)) from None


@router.post("/replay", **needs(Scope.DEAD, 400, 409))
def replay(services: The, origin: From, chosen: Chosen, dry_run: DryRun = False) -> Replayed:
    """Enqueue the jobs of letters anew, 5,000 at most. Repeating it enqueues nothing twice."""
    if dry_run:
        return Replayed(fit=dead.count(services, chosen.which(replayed=False)))
    expected = _expected(chosen)
    try:
        done = dead.replay(services, origin, chosen.which(), expected=expected)
    except dead.CountDiffers as error:
        raise _differs(error) from None
    return Replayed(fit=expected, **done)


@router.post("/purge", **needs(Scope.DEAD, 400, 409))
def purge(services: The, origin: From, chosen: ChosenToForget, dry_run: DryRun = False) -> Purged:
    """Forget letters for good, 5,000 at most."""
    which = chosen.which(replayed=chosen.replayed)
    if dry_run:
        return Purged(fit=dead.count(services, which))
    expected = _expected(chosen)
    try:
        return Purged(fit=expected, purged=dead.purge(services, origin, which, expected=expected))
    except dead.CountDiffers as error:
        raise _differs(error) from None


def _expected(chosen: Chosen) -> int:
    if chosen.expected is None:
        raise InputError("expected: say how many letters you have seen; ?dry_run=true tells how many fit")
    return chosen.expected


def _differs(error: dead.CountDiffers) -> Problem:
    return Problem(Kind.CONFLICT, str(error), fit=error.there)
