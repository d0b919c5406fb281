"""Compliance jobs: X is sent ids in a file, and says in another which of them are gone. Pure.

    created --upload--> in_progress --> complete          expired: not uploaded, or not fetched, in time
                             '--------> failed

What X does not speak of in a complete job can be seen: it is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What the ids of a job are of, in X's words."""

    POSTS = "tweets"
    USERS = "users"


class JobStatus(StrEnum):
    """How far X is with a job."""

    CREATED = "created"
    IN_PROGRESS = "in_progress"
    COMPLETE = "complete"
    FAILED = "failed"
    EXPIRED = "expired"

    @property
    def is_running(self) -> bool:
        """Whether it keeps another one of its kind from beginning."""
        return self in {JobStatus.CREATED, JobStatus.IN_PROGRESS}


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplianceJob:
    """One job as X told it; the two addresses are for this job only and hold a signature."""

    id: int
    kind: Kind
    status: JobStatus
    name: str | None
    upload_url: str
    download_url: str
    created_at: datetime | None = None

    def __repr__(self) -> str:
        """Without the addresses."""
        return f"ComplianceJob({self.id}, {self.kind.value}, {self.status.value})"


class Action(StrEnum):
    """What X asks to be done with what a line is about."""

    DELETE = "delete"
    SCRUB_GEO = "scrub_geo"


@dataclass(frozen=True, slots=True)
class ComplianceLine:
    """X's word about one id. reason: `deleted`, `suspended`, `protected`, `bounced`, `deactivated`, or a newer one.

    redacted_at: since when it holds, where X told it.
    """

    id: int
    action: Action
    reason: str
    redacted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OddLine:
    """A line of a result that nobody could read; `begins` is the start of it."""

    number: int
    begins: str
