"""The only maker of messages.

A job becomes a Dramatiq message by its name and queue; the producer needs no actor. At most one message of a
(job, subject) is outstanding: the broker holds the key until the job ends, dies or expires.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from dramatiq import Message

from shared.broker.reached import reached
from shared.domain.jobs import Job
from shared.runtime.log import correlation_id

# A job that was never finished nor found dead for this long no longer keeps others like it away.
DEDUP_TTL_MS = 24 * 3600 * 1000


class EnqueuesOnce(Protocol):
    """The part of the broker that the sender needs."""

    def enqueue_many_once(
        self, entries: Iterable[tuple[Message[Any], str, int | None]], *, dedup_ttl_ms: int
    ) -> list[bool]:
        """Enqueue each (message, dedup_key, delay in ms) unless one with its key is outstanding, in few round trips."""
        ...


class Sender:
    """Turns jobs into messages and enqueues them, once."""

    def __init__(self, broker: EnqueuesOnce) -> None:
        self._broker = broker

    def send(self, job: Job, *, queue: str | None = None) -> bool:
        """Enqueue one job; False when the same work is outstanding. Raises BrokerUnavailable."""
        return self.send_all([job], queue=queue) == 1

    def send_all(self, jobs: Iterable[Job], *, queue: str | None = None) -> int:
        """Enqueue jobs in few round trips; answers how many were not outstanding. Raises BrokerUnavailable.

        What was sent before the queue went away stays sent: sending all of them again adds only the rest.
        """
        entries = [(to_message(job, queue=queue), f"{job.name}:{job.subject}", None) for job in jobs]
        if not entries:
            return 0
        return sum(reached(lambda: self._broker.enqueue_many_once(entries, dedup_ttl_ms=DEDUP_TTL_MS)))


def to_message(job: Job, *, queue: str | None = None) -> Message[Any]:
    """The message of a job. `queue` must be one of the job's own; the default is its first."""
    name = queue or job.queues[0]
    if name not in job.queues:
        raise ValueError(f"{job.name} does not go to the queue {name!r}, only to {', '.join(job.queues)}")
    return Message(
        queue_name=name,
        actor_name=job.name,
        args=(job.model_dump(mode="json", exclude_none=True),),  # so that older workers know a job without a new field
        kwargs={},
        options={"correlation_id": correlation_id()},
    )
