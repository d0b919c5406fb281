"""Who is there: what each process says of itself, and what becomes of one that says nothing. Pure.

there --no sign for GONE_AFTER--> gone        (a clean end leaves neither)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

# Signs come every three seconds; a stall of MongoDB must fit in.
GONE_AFTER: Final = timedelta(seconds=20)


class ProcessKind(StrEnum):
    """What a process is for."""

    WORKER = "worker"
    SCHEDULER = "scheduler"
    LISTENER = "listener"
    CONTROL = "control"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningJob:
    """What a thread works on. subject: as the job names it. since: when it began there, by the process's clock."""

    job: str
    queue: str
    subject: str
    message_id: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process as of its last sign. queues: those that a worker serves. ended_a_minute: jobs it ended within the
    last minute, by queue. waits_for: why it cannot do its work now, in a sentence; None: it can.
    """

    id: str
    kind: ProcessKind
    host: str
    pid: int
    version: str
    started_at: datetime
    beat_at: datetime
    queues: tuple[str, ...] = ()
    threads: int = 0
    leads: bool = False
    running: tuple[RunningJob, ...] = ()
    ended_a_minute: Mapping[str, int]
    waits_for: str | None = None

    def is_gone(self, now: datetime) -> bool:
        """Whether it has been silent for too long."""
        return now - self.beat_at > GONE_AFTER


def missing(processes: Iterable[Process], now: datetime) -> dict[ProcessKind, int]:
    """How many went without a word and were not replaced, by kind.

    What was started after the last sign of one that is gone replaces it, one for one, whether it is still there or not.
    """
    known = list(processes)
    counts: dict[ProcessKind, int] = {}
    for kind in ProcessKind:
        gone = sorted(one.beat_at for one in known if one.kind is kind and one.is_gone(now))
        for started_at in sorted(one.started_at for one in known if one.kind is kind):
            if gone and gone[0] < started_at:
                del gone[0]
        counts[kind] = len(gone)
    return counts


def serving(processes: Iterable[Process], now: datetime) -> dict[str, int]:
    """How many threads serve each queue now; a queue that nobody serves is not in it."""
    threads: dict[str, int] = {}
    for process in processes:
        if not process.is_gone(now):
            for queue in process.queues:
                threads[queue] = threads.get(queue, 0) + process.threads
    return threads


def ended_a_minute(processes: Iterable[Process], now: datetime) -> dict[str, int]:
    """How many jobs all processes together ended within the last minute, by queue."""
    ended: dict[str, int] = {}
    for process in processes:
        if not process.is_gone(now):
            for queue, count in process.ended_a_minute.items():
                ended[queue] = ended.get(queue, 0) + count
    return ended
