"""What was found: values that can be printed, logged, and stand in JSON. Decides only how bad the sum of them is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Level(StrEnum):
    """How bad it is. warning: a promise is at risk; error: one will be broken, or nothing works."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Check(StrEnum):
    """Every check there is; docs/troubleshooting.md tells of each. The values are for scripts: stable."""

    PYTHON = "python"
    OPEN_FILES = "open_files"
    DATA_FOLDER = "data_folder"
    MEDIA_FOLDER = "media_folder"
    REDIS_REACHABLE = "redis_reachable"
    REDIS_VERSION = "redis_version"
    REDIS_RIGHTS = "redis_rights"
    REDIS_INFO = "redis_info"
    REDIS_CLUSTER = "redis_cluster"
    REDIS_ROLE = "redis_role"
    REDIS_EVICTION = "redis_eviction"
    REDIS_PERSISTENCE = "redis_persistence"
    MONGO_REACHABLE = "mongo_reachable"
    MONGO_VERSION = "mongo_version"
    MONGO_TOPOLOGY = "mongo_topology"
    MONGO_INDEXES = "mongo_indexes"
    REDIS_CLOCK = "redis_clock"
    MONGO_CLOCK = "mongo_clock"
    X_REACHABLE = "x_reachable"
    X_CLOCK = "x_clock"
    CREDENTIALS = "credentials"
    ENDPOINTS = "endpoints"
    PLAN = "plan"
    CALL_LEASE = "call_lease"
    HEARTBEAT = "heartbeat"
    LEADER_LEASE = "leader_lease"
    REFRESH_LEASE = "refresh_lease"
    SCHEDULER = "scheduler"
    WORKERS = "workers"
    PROCESSES = "processes"
    ROOM = "room"
    PAUSED = "paused"
    X_BLOCKS = "x_blocks"
    COVERAGE = "coverage"
    BUDGETS = "budgets"
    QUEUES = "queues"
    DEAD_LETTERS = "dead_letters"
    DAY_PLAN = "day_plan"
    WEBHOOKS = "webhooks"


# Made by `shared/domain/health.py` of the flock that runs; the others are of the set-up.
OF_THE_FLOCK: Final = frozenset(
    {
        *(Check.SCHEDULER, Check.WORKERS, Check.PROCESSES, Check.ROOM, Check.PAUSED),
        *(Check.X_BLOCKS, Check.COVERAGE, Check.BUDGETS, Check.QUEUES, Check.DEAD_LETTERS, Check.DAY_PLAN),
        Check.WEBHOOKS,
    }
)


# An error of one of these ends a process at its start: nothing would work, or what is known would be lost.
ENDS_A_START: Final = frozenset(
    {
        *(Check.REDIS_REACHABLE, Check.REDIS_VERSION, Check.REDIS_RIGHTS, Check.REDIS_CLUSTER, Check.REDIS_ROLE),
        *(Check.REDIS_EVICTION, Check.MONGO_REACHABLE, Check.MONGO_VERSION, Check.MONGO_TOPOLOGY),
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check, in one sentence. todo: what a person is to do; empty where nothing is to be done."""

    check: Check
    level: Level
    message: str
    todo: str = ""

    @property
    def ends_a_start(self) -> bool:
        """Whether a process must not start with it."""
        return self.level is Level.ERROR and self.check in ENDS_A_START

    def __str__(self) -> str:
        """One line: what is wrong and what to do."""
        return f"{self.message}; {self.todo}" if self.todo else self.message


def ok(check: Check, message: str) -> Finding:
    """All is well."""
    return Finding(check, Level.OK, message)


def warning(check: Check, message: str, todo: str) -> Finding:
    """A promise is at risk."""
    return Finding(check, Level.WARNING, message, todo)


def error(check: Check, message: str, todo: str) -> Finding:
    """A promise will be broken, or nothing works."""
    return Finding(check, Level.ERROR, message, todo)


def exit_status(findings: Iterable[Finding], *, strict: bool) -> int:
    """For scripts: 2 with an error; 1 with a warning when `strict`; else 0."""
    levels = {finding.level for finding in findings}
    if Level.ERROR in levels:
        return 2
    return int(strict and Level.WARNING in levels)
