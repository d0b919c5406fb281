"""Runs, as they are told over HTTP: long work is answered with one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from fastapi import Response, status
from pydantic import BaseModel

from control.run_rows import State
from control.waiting import WaitsFor

LOOK_AGAIN_SECONDS: Final = 2


class RunActor(BaseModel):
    """Who began it."""

    kind: str
    id: str
    name: str


class RunCost(BaseModel):
    """estimated_usd: null where nobody could tell. spent_usd: what X billed for it until now; null where that is not
    told apart from what is read anyway.
    """

    estimated_usd: float | None
    spent_usd: float | None


class Run(BaseModel):
    """Work that somebody asked for. total, done: its subjects, and those that are settled. fresh: those that are told
    as they were stored, because X had told them a moment before. first: the first subjects. problem: why some, or all,
    came to nothing.
    """

    id: str
    kind: str
    state: State
    waiting_for: WaitsFor | None
    total: int
    done: int
    fresh: int
    first: list[str]
    results_url: str
    cost: RunCost
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    created_by: RunActor | None
    problem: str | None


class RunResult(BaseModel):
    """What came of one subject. state: X's word on a post; waiting, dead or cancelled without it; null for what is no
    post. before, after: its counts. counts_at: when X told them. is_stored: told as it was stored. usd: what it cost.
    """

    id: str
    state: str | None
    before: dict[str, int] | None = None
    after: dict[str, int] | None = None
    delta: dict[str, int] | None = None
    counts_at: datetime | None = None
    age_seconds: float | None = None
    is_stored: bool = False
    usd: float = 0.0
    dead_letter: str | None = None


class Refused(BaseModel):
    """A post that is not refreshed, and why."""

    id: str
    reason: str


class BatchRun(Run):
    """refused: posts that are not the tenant's."""

    refused: list[Refused]


class RefreshPrice(BaseModel):
    """What refreshing posts would take. fresh: those that would be told as they are stored. bought_today: those that
    cost nothing any more today. left: of each budget in dollars, null: no limit. fits: whether that is enough.
    """

    dry_run: bool = True
    posts: int
    fresh: int
    bought_today: int
    calls: int
    estimated_usd: float
    left: dict[str, float | None]
    fits: bool
    refused: list[Refused] = []


def priced(price: BaseModel) -> Response:
    """What something would cost, where nothing was done: 200."""
    return Response(price.model_dump_json(), media_type="application/json")


def accepted(response: Response, row: Mapping[str, Any]) -> Run:
    """A run that was begun: 202, where it is, and when to look."""
    response.status_code = status.HTTP_202_ACCEPTED
    response.headers["Location"] = f"/v1/runs/{row['id']}"
    response.headers["Retry-After"] = str(LOOK_AGAIN_SECONDS)
    return Run(**row)
