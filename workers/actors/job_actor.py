"""How a job type becomes a Dramatiq actor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import dramatiq

from shared.domain.errors import CoveyError
from shared.domain.jobs import Job, decode
from shared.services.bootstrap import Services

J = TypeVar("J", bound=Job)

# A handler makes at most a handful of calls, each with its own timeout; this only ends what those cannot.
TIME_LIMIT_MS = 15 * 60 * 1000


def declare_job(services: Services, job_type: type[J], handler: Callable[[Services, J], None]) -> None:
    """Declare the actor of `job_type`: it decodes the payload and calls the handler.

    `throws` keeps the errors of the tree out of the error log and of Sentry: they are outcomes, reported as such.
    """

    def work(payload: object) -> None:
        handler(services, decode(job_type, payload))

    decorate = dramatiq.actor(
        broker=services.broker,
        actor_name=job_type.name,
        queue_name=job_type.queues[0],
        time_limit=TIME_LIMIT_MS,
        throws=(CoveyError,),
    )
    decorate(work)
