"""How the installation stands, as it is told over HTTP."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel


class Reason(BaseModel):
    """Why it is not healthy. level: warning or error. todo: what a person does about it."""

    check: str
    level: str
    message: str
    todo: str


class Depth(BaseModel):
    """How many jobs of a queue are due, wait for a later time, run, and died and are not stored yet."""

    ready: int
    delayed: int
    in_flight: int
    dead: int


class Budget(BaseModel):
    """limit: null is none. used: with the calls in flight. Dollars or a number, as the budget's name says.

    level: open, warning, background_stopped or spent. set_by: none, environment or person.
    """

    limit: float | None
    used: float
    used_ratio: float
    level: str
    stops: str
    resets_in_seconds: float
    set_by: str


class Dialect(BaseModel):
    """How X is spoken to: by the setting, or as was learned at `looked_at`."""

    spoken: str
    is_fixed: bool
    looked_at: datetime | None
    reason: str | None


class Window(BaseModel):
    """The 15-minute window of a credential and endpoint; null where X has not told it, or where it ran out.

    blocked: the scope of the block that stands.
    """

    endpoint: str
    credential: str
    limit: int | None
    remaining: int | None
    in_flight: int
    reset_in_seconds: float | None
    blocked: str | None


class DayWindow(Window):
    """With the cap of 24 hours; null where X names none."""

    day_limit: int | None
    day_remaining: int | None


class Block(BaseModel):
    """What X refused. endpoint, credential: null where it reaches all. until: null where a person must act."""

    scope: str
    endpoint: str | None
    credential: str | None
    reason: str
    until: datetime | None
    next_try_at: datetime


class Limits(BaseModel):
    """What X lets be asked at `at`."""

    at: datetime
    windows: list[DayWindow]
    blocked: list[Block]


class Status(BaseModel):
    """verdict: healthy, degraded or stopped, for the reasons. posts, users, snapshots, media: as MongoDB counts them.

    covered_seconds_ago: how long ago the search that is furthest behind looked. set_aside_today: what could not be
    stored within a day, by reason. refreshes_due: posts whose counts are due. at: when all this was counted.
    """

    verdict: str
    reasons: list[Reason]
    at: datetime
    handles: int
    handles_without_search: int
    accounts: dict[str, int]
    streams: int
    covered_seconds_ago: float
    gaps: int
    posts: int
    users: int
    set_aside_today: dict[str, int]
    snapshots: int
    media: dict[str, int]
    tiers: dict[str, int]
    refreshes_due: int
    queues: dict[str, Depth]
    budgets: dict[str, Budget]
    dialect: Dialect
    windows: list[Window]
    blocked: list[Block]


class QueueRow(Depth):
    """ended_a_minute: jobs within the last minute. threads: that serve it. paused_since: null by the setting."""

    queue: str
    oldest_ready_seconds: float
    ended_a_minute: int
    threads: int
    paused: bool
    paused_since: datetime | None


class Changed(BaseModel):
    """changed: the queues that were not so before. paused: those that are paused now."""

    changed: list[str]
    paused: list[str]


class JobRow(BaseModel):
    """A job that runs or waits. state: ready, delayed, gated or running. reason: why it waits. waits_seconds: until it
    is due. for_seconds: running for, or due since. run: what led to it.
    """

    id: str
    queue: str
    job: str | None
    state: str
    subject: str
    due_at: datetime
    waits_seconds: float
    for_seconds: float
    attempts: int
    reason: str | None
    run: str | None
    worker: str | None


class Jobs(BaseModel):
    """Jobs that fit. has_more: there are others; ask for more, or for fewer by queue, state and subject."""

    data: list[JobRow]
    has_more: bool


class Cancelled(BaseModel):
    """cancelled: ids of jobs, dead letters now. running: of those that end by themselves. run: that was cancelled."""

    cancelled: list[str]
    running: list[str]
    run: str | None


class RunningRow(BaseModel):
    """A job that a thread runs."""

    id: str
    job: str
    queue: str
    subject: str
    seconds: float


class WorkerRow(BaseModel):
    """A process. state: there, or gone without a word. leads: of schedulers, the one that plans."""

    id: str
    kind: str
    state: str
    host: str
    pid: int
    version: str
    started_at: datetime
    beat_at: datetime
    queues: list[str]
    threads: int
    busy: int
    leads: bool
    waits_for: str | None
    running: list[RunningRow]


class ScheduleRow(BaseModel):
    """What recurs. late_seconds: 0 before it is due."""

    id: str
    kind: str
    subject: str
    interval_seconds: float
    next_due_at: datetime
    late_seconds: float


class LogLine(BaseModel):
    """An entry of a log. service: the process that wrote it. correlation_id: the run or slot that led to it."""

    at: datetime
    level: str
    service: str
    text: str
    correlation_id: str | None


class Logs(BaseModel):
    """The newest entries that fit, the newest first. searched_bytes_a_file: no more of each log was looked at."""

    data: list[LogLine]
    searched_bytes_a_file: int
