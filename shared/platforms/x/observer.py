"""Metrics of the calls to X. Labels come from closed sets: endpoints, error classes; never a post or an account."""

from __future__ import annotations

from shared.platforms.x.answer import CallRecord
from shared.runtime import metrics


def count_call(record: CallRecord) -> None:
    """Count one request, its time and what it returned. For `XClient(observer=...)`."""
    metrics.X_CALLS.labels(record.endpoint, record.outcome).inc()
    metrics.X_CALL_SECONDS.labels(record.endpoint).observe(record.seconds)
    if record.posts:
        metrics.X_OBJECTS.labels(record.endpoint, "post").inc(record.posts)
    if record.users:
        metrics.X_OBJECTS.labels(record.endpoint, "user").inc(record.users)
