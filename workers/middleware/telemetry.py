"""Logs and metrics of every job. Decides nothing: an error in here may not touch the job."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from typing import Any

from dramatiq import Middleware
from dramatiq.broker import Broker, MessageProxy

from shared.domain.errors import BrokerUnavailable, LimiterUnavailable, StoreUnavailable
from shared.domain.outcomes import DeferFor, Done, GiveUp, Outcome, Pause, RetryIn
from shared.runtime import metrics, reporting
from shared.runtime.clock import Clock
from shared.runtime.log import get_logger, job_context

log = get_logger(__name__)

# A server is not there.
AWAY = (BrokerUnavailable, LimiterUnavailable, StoreUnavailable)
# What a decision is called in the metrics.
OUTCOMES: dict[type, str] = {Done: "done", RetryIn: "retry", DeferFor: "deferred", Pause: "paused", GiveUp: "dead"}


class Telemetry(Middleware):
    """Binds the job's context to the log, measures it, and tells what became of it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        """Bind the context and start the clock."""
        context: AbstractContextManager[None] = job_context(
            job=message.actor_name,
            queue=message.queue_name,
            message_id=message.message_id,
            correlation_id=message.options.get("correlation_id"),
            attempt=int(message.options.get("attempts", 0)) + 1,
        )
        context.__enter__()
        message.telemetry = (context, time.monotonic())  # type: ignore[attr-defined]
        metrics.JOBS_RUNNING.labels(message.actor_name).inc()
        metrics.JOB_WAIT_SECONDS.labels(message.queue_name).observe(message.wait_seconds())

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        """Measure the job and let go of the context."""
        context, started = message.telemetry
        metrics.JOBS_RUNNING.labels(message.actor_name).dec()
        metrics.JOB_SECONDS.labels(message.actor_name).observe(time.monotonic() - started)
        context.__exit__(None, None, None)

    def after_skip_message(self, broker: Broker, message: MessageProxy) -> None:
        """A skipped job is over as well."""
        self.after_process_message(broker, message)


def tell_outcome(message: MessageProxy, decision: Outcome) -> None:
    """Count and log what became of a job, and report it when it was given up. Runs inside the job's log context.

    A job that dies without an outcome (poison, unreadable, unknown) never comes here: the scheduler counts every death
    when it stores the letter, and reports those.
    """
    name = OUTCOMES[type(decision)]
    metrics.JOBS.labels(message.actor_name, name).inc()
    match decision:
        case Done():
            log.debug("job done")
        case GiveUp(reason):
            error = message.error
            log.error("job given up", reason=reason, error=str(error))
            reporting.job_given_up(
                job=message.actor_name,
                queue=message.queue_name,
                reason=reason,
                message_id=message.message_id,
                error=error,
            )
        case RetryIn(seconds, reason) | DeferFor(seconds, reason) | Pause(seconds, reason):
            # Each job of a flock waits for a server that is away: the state is told, not every job.
            state = {"like": reason} if isinstance(message.error, AWAY) else {}
            log.info(f"job {name}", reason=reason, again_in_seconds=round(seconds, 2), **state)
