"""A compliance round: all that is stored is told to X in batches, and what X says of each batch is applied. Pure.

    open --no id is left--> done
     |  ^
     v  |  batch: chosen --job begun--> waiting --sent--> with X --complete--> applied, the next one
     '--'                   ^                                |
                            '---- failed or expired: a new job, MAX_TRIES times; then the batch is left out

A batch is all ids, as text, behind the one before up to `last_id`: what is stored meanwhile moves no border. Invariant:
a step that a crash has cut is found by the name of its job, and done again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.domain.compliance import ComplianceJob, Kind

MAX_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Ids that one job is about. sent_at: when X began to look at them, at the earliest; what X showed later counts."""

    number: int
    last_id: str
    ids: int
    tries: int = 0
    job_id: int | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round over the ids of a kind. after_id: all up to it is done; version: of the document, for writers."""

    id: str
    kind: Kind
    started_at: datetime
    after_id: str = ""
    batch: Batch | None = None
    batches: int = 0
    ended_at: datetime | None = None
    version: int = 0

    def begin_batch(self, last_id: str, ids: int) -> Round:
        """The next batch is chosen."""
        return replace(self, batch=Batch(number=self.batches, last_id=last_id, ids=ids))

    def begun(self, job_id: int, now: datetime) -> Round:
        """X has a job for the batch."""
        assert self.batch is not None
        return replace(self, batch=replace(self.batch, job_id=job_id, sent_at=self.batch.sent_at or now))

    def try_again(self) -> Round:
        """The job came to nothing: another one, or the next batch after `MAX_TRIES`."""
        assert self.batch is not None
        batch = replace(self.batch, tries=self.batch.tries + 1, job_id=None, sent_at=None)
        return self.end_batch() if batch.tries >= MAX_TRIES else replace(self, batch=batch)

    def end_batch(self) -> Round:
        """The batch is done."""
        assert self.batch is not None
        return replace(self, after_id=self.batch.last_id, batch=None, batches=self.batches + 1)


def job_name(one: Round) -> str:
    """What the job of the present batch is called at X: the same after a crash, another one after a failure."""
    assert one.batch is not None
    return f"covey-{one.id}-{one.batch.number}-{one.batch.tries}"


def job_of(one: Round, jobs: tuple[ComplianceJob, ...]) -> ComplianceJob | None:
    """The job of the present batch among those that X lists."""
    name = job_name(one)
    return next((job for job in jobs if job.name == name), None)


def is_due(last_started_at: datetime | None, *, every: timedelta, now: datetime) -> bool:
    """Whether a round is to begin."""
    return last_started_at is None or now - last_started_at >= every
