"""What the flock works on, and how a person steers it: queues, jobs, workers; pause, resume, cancel. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shared.broker.queued import Look, Queued, QueuedState
from shared.broker.reached import reached
from shared.domain.coverage.sweeps import SweepKind
from shared.domain.errors import InputError
from shared.domain.flock import ended_a_minute, serving
from shared.domain.jobs import ALL_QUEUES, Queue, RefreshEngagement, SearchPage
from shared.domain.refusals import DoesNotFit
from shared.services.bootstrap import Services
from shared.services.job_words import job_of, stream_of, subject_of
from shared.stores.database import ServerClock
from shared.stores.runs import BACKFILL, TRACK

# Looked through for a job by its words or id, a queue at a time.
PAGE: Final = 500
SEARCHED_AT_MOST: Final = 50_000
CANCELLED: Final = "cancelled"


def queues(services: Services) -> list[dict[str, Any]]:
    """Every queue: depths, age of the oldest due job, jobs ended within a minute, threads that serve it, its pause."""
    now, flock, stopped = (
        ServerClock(services.stores.db).now(),
        services.stores.processes.all(),
        services.pausing.paused(),
    )
    ended, threads = ended_a_minute(flock, now), serving(flock, now)
    stats = reached(services.broker.introspection.queue_stats)
    return [
        {
            "queue": queue,
            "ready": stats[queue].ready,
            "delayed": stats[queue].delayed,
            "in_flight": stats[queue].in_flight,
            "dead": stats[queue].dead,
            "oldest_ready_seconds": round(stats[queue].oldest_ready_age_seconds, 1),
            "ended_a_minute": ended.get(queue, 0),
            "threads": threads.get(queue, 0),
            "paused": queue in stopped,
            "paused_since": stopped.get(queue),
        }
        for queue in ALL_QUEUES
    ]


def workers(services: Services) -> list[dict[str, Any]]:
    """Every process, those that went without a word too, with what its threads run."""
    now = ServerClock(services.stores.db).now()
    return [
        {
            "id": one.id,
            "kind": one.kind.value,
            "state": "gone" if one.is_gone(now) else "there",
            "host": one.host,
            "pid": one.pid,
            "version": one.version,
            "started_at": one.started_at,
            "beat_at": one.beat_at,
            "queues": list(one.queues),
            "threads": one.threads,
            "busy": len(one.running),
            "leads": one.leads,
            "waits_for": one.waits_for,
            "running": [
                {
                    "id": job.message_id,
                    "job": job.job,
                    "queue": job.queue,
                    "subject": job.subject,
                    "seconds": round(max(0.0, (one.beat_at - job.since).total_seconds()), 1),
                }
                for job in one.running
            ],
        }
        for one in services.stores.processes.all()
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs. subject: a part of what the job is about. Raises InputError for a queue or a state that is none."""

    queue: str | None = None
    state: str | None = None
    subject: str | None = None

    def __post_init__(self) -> None:
        """Refuse what can fit no job."""
        if self.queue is not None and self.queue not in ALL_QUEUES:
            raise InputError(f"unknown queue {self.queue!r}; the queues are {', '.join(ALL_QUEUES)}")
        if self.state is not None and self.state not in set(QueuedState):
            raise InputError(f"unknown state {self.state!r}; the states are {', '.join(QueuedState)}")


def jobs(services: Services, which: JobFilter, *, limit: int) -> list[dict[str, Any]]:
    """The jobs that fit: those that run, then those that wait in the order of their due times, queue by queue.

    id, queue, job, state, subject, due_at, waits_seconds (0 when due), for_seconds (running for, or due since),
    attempts, reason (why it waits), run, worker. At most `limit` rows, of the first 50,000 jobs of each queue.
    """
    rows: list[dict[str, Any]] = []
    handles = {stream.id: stream.members for stream in services.stores.streams.active()}
    for queue in [which.queue] if which.queue else ALL_QUEUES:
        for look in _looks(services, queue):
            found = [_row(one, handles, look.at) for one in (*look.held, *look.waiting)]
            rows += [row for row in found if _fits(row, which)]
            if len(rows) >= limit:
                return rows[:limit]
    return rows


def pause(services: Services, names: Sequence[str]) -> list[str]:
    """Begin nothing of these queues (`all`: of any) until they are resumed; answers those that were not paused."""
    return services.pausing.pause(names, now=ServerClock(services.stores.db).now())


def resume(services: Services, names: Sequence[str]) -> list[str]:
    """Go on with these queues; answers those that were paused. Raises InputError while the setting pauses all."""
    if not services.settings.collect:
        raise InputError("COVEY_COLLECT is false, which pauses everything: set it to true and start the processes anew")
    return services.pausing.resume(names)


def cancel(services: Services, name: str) -> dict[str, Any]:
    """Move a waiting job, or those of an ad-hoc run, to the dead letters, from where they can be replayed.

    cancelled: ids of jobs. running: ids of those that a worker has, which end by themselves. A search or a reading of
    quotes whose page is cancelled is closed, and begins anew at its next slot. Of a backfill what is not being read is
    not read. Raises InputError where nothing fits, and for a run of `track`.
    """
    run = services.stores.runs.get(name)
    of_run = run is not None
    if run is not None:
        if run["kind"] == TRACK:
            raise DoesNotFit(f"{name} is a run of track: it ends when all is read; untrack reads no more of an account")
        services.stores.runs.cancel(name, now=ServerClock(services.stores.db).now())
        if run["kind"] == BACKFILL:
            under_way = services.stores.sweeps.open_subjects(SweepKind.BACKFILL)
            services.stores.gaps.withdraw(name, noted_from=run["started_at"], apart_from=under_way)
    cancelled, running = [], []
    for queue in (Queue.INTERACTIVE,) if of_run else ALL_QUEUES:
        for look in list(_looks(services, queue)):  # all of it before the first one leaves its place
            running += [one.id for one in look.held if _is(one, name, of_run=of_run)]
            for one in look.waiting:
                if _is(one, name, of_run=of_run) and _cancelled(services, one):
                    cancelled.append(one.id)
    if not (cancelled or running or of_run):
        raise InputError(f"{name!r} is no job that waits or runs, and no run; covey jobs lists them")
    return {"cancelled": cancelled, "running": running, "run": name if of_run else None}


def _cancelled(services: Services, one: Queued) -> bool:
    return reached(lambda: services.broker.introspection.cancel(one, CANCELLED))


def _is(one: Queued, name: str, *, of_run: bool) -> bool:
    if not of_run:
        return one.id == name
    job = job_of(one.message.actor_name, one.message.args) if one.message else None
    return isinstance(job, RefreshEngagement) and job.run_id == name


def _looks(services: Services, queue: str) -> Iterator[Look]:
    """A queue page by page. A job that changes its place meanwhile may be met twice, or not."""
    for skip in range(0, SEARCHED_AT_MOST, PAGE):
        look = _look(services, queue, skip)
        yield look
        if len(look.waiting) < PAGE:
            return


def _look(services: Services, queue: str, skip: int) -> Look:
    return reached(lambda: services.broker.introspection.look(queue, skip=skip, limit=PAGE, with_held=skip == 0))


def _row(one: Queued, handles: Mapping[str, Sequence[str]], at: datetime) -> dict[str, Any]:
    message = one.message
    began = one.held_since or one.due_at
    return {
        "id": one.id,
        "queue": one.queue,
        "job": message.actor_name if message else None,
        "state": one.state.value,
        "subject": _words(one, handles),
        "due_at": one.due_at,
        "waits_seconds": round(max(0.0, (one.due_at - at).total_seconds()), 1),
        "for_seconds": round(max(0.0, (at - began).total_seconds()), 1),
        "attempts": int(message.options.get("attempts", 0)) if message else 0,
        "reason": _why(one),
        "run": message.options.get("correlation_id") if message else None,
        "worker": one.worker,
    }


def _why(one: Queued) -> str | None:
    """Why it waits: the limiter for all of its kind, or what its last try met."""
    last = one.message.options.get("last_reason") if one.message else None
    if one.state is QueuedState.GATED:
        return f"the limiter lets none of its kind through before then{f' ({last})' if last else ''}"
    return str(last) if last and one.state is not QueuedState.RUNNING else None


def _words(one: Queued, handles: Mapping[str, Sequence[str]]) -> str:
    """What it is about, with the handles of a search instead of its stream."""
    if one.message is None:
        return "cannot be read"
    job = job_of(one.message.actor_name, one.message.args)
    if isinstance(job, SearchPage) and stream_of(job.sweep_id) in handles:
        names = [f"@{name}" for name in handles[stream_of(job.sweep_id)]]
        return f"{', '.join(names[:5])}{f' and {len(names) - 5} more' if len(names) > 5 else ''}, page {job.page}"
    return subject_of(one.message.actor_name, one.message.args)


def _fits(row: dict[str, Any], which: JobFilter) -> bool:
    wanted = (which.subject or "").lower()
    return which.state in (None, row["state"]) and wanted in f"{row['subject']} {row['id']} {row['run']}".lower()
