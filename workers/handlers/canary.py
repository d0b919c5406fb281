"""`canary`: proves that a queue is served, and how fast."""

from __future__ import annotations

from shared.domain.jobs import Canary
from shared.runtime import metrics
from shared.services.bootstrap import Services


def canary(services: Services, job: Canary) -> None:
    """Measure from when the scheduler sent the job to now, both by MongoDB's or this machine's clock in ms."""
    seconds = services.clock.now().timestamp() - job.sent_at_ms / 1000
    metrics.CANARY_SECONDS.labels(job.queue).set(max(0.0, seconds))
