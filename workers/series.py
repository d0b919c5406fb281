"""The labelled series of a worker, begun at 0 when it starts.

A counter that appears with its first event has nothing to rise from: `increase()` over it is 0, so the first 429 or
the first file that failed would raise no alert, and its panel would be empty until then. Must not count anything.
Invariant: every labelled counter that a worker may raise has its series here; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Collection

from shared.broker.delivery import LEFT_REASONS
from shared.credentials import renewal
from shared.domain import errors
from shared.domain.coverage.accounts import AccountState
from shared.domain.coverage.gaps import GapReason
from shared.domain.coverage.sweeps import SweepKind, SweepStatus
from shared.domain.deliveries import Outcome
from shared.domain.engagement.surges import Why
from shared.domain.jobs import ALL_JOBS, Queue
from shared.domain.models import PostState
from shared.domain.set_aside import Kind, Reason
from shared.platforms.transport import BrokenAnswer
from shared.platforms.x.endpoints import (
    COMPLIANCE_JOB,
    COMPLIANCE_JOBS,
    QUOTE_TWEETS,
    SEARCH_ALL,
    SEARCH_RECENT,
    TWEETS,
    USAGE_TWEETS,
    USERS,
    USERS_BY,
)
from shared.platforms.x.fields import Dialect
from shared.ratelimit.model import BlockScope, Window
from shared.runtime import metrics
from shared.services.coverage import MARGIN
from workers.handlers.alerts import OUTCOMES as WEBHOOKS
from workers.handlers.counting import BOUGHT, FREE
from workers.handlers.own_timelines import TIMELINE
from workers.middleware.telemetry import OUTCOMES

# What the handlers ask of X.
ENDPOINTS = (
    SEARCH_RECENT.key,
    SEARCH_ALL.key,
    QUOTE_TWEETS.key,
    TWEETS.key,
    USERS_BY.key,
    USERS.key,
    USAGE_TWEETS.key,
    COMPLIANCE_JOBS.key,
    COMPLIANCE_JOB.key,
)
# Every class of error that an answer of X becomes.
ANSWERS = (
    "ok",
    *(
        error.__name__
        for error in (
            errors.NoAnswer,
            errors.NotSent,
            BrokenAnswer,
            errors.ServerFault,
            *errors.Throttled.__subclasses__(),
            *(error for error in errors.Paused.__subclasses__() if error is not errors.RedisRefused),
            errors.InvalidRequest,
            *errors.InvalidRequest.__subclasses__(),
            errors.NotFound,
            errors.UnmappedStatus,
        )
    ),
)
POST_SOURCES = ("search", "quotes", "refresh", TIMELINE)
MEDIA_RESULTS = ("ok", "retry", "failed")


def begin(queues: Collection[str]) -> None:
    """Create the series of a worker that serves `queues`, all at 0."""
    for reason in LEFT_REASONS:
        metrics.JOBS_LEFT.labels(reason)
    for queue in queues:
        metrics.JOB_WAIT_SECONDS.labels(queue)
    for job in ALL_JOBS:
        if set(job.queues) & set(queues):
            metrics.JOB_SECONDS.labels(job.name)
            metrics.JOBS_RUNNING.labels(job.name)
            metrics.JOBS_STUCK.labels(job.name)
            for outcome in OUTCOMES.values():
                metrics.JOBS.labels(job.name, outcome)
    if Queue.MEDIA in queues:
        for result in MEDIA_RESULTS:
            metrics.MEDIA_FILES.labels(result)
        for webhook in WEBHOOKS:
            metrics.WEBHOOKS.labels(webhook)
        for delivery in Outcome:
            metrics.DELIVERIES.labels(delivery.value)
    if set(queues) - {Queue.MEDIA}:
        _begin_calls()
        _begin_collection()


def _begin_calls() -> None:
    for result in renewal.RESULTS:
        metrics.CREDENTIAL_RENEWALS.labels(result)
    for dialect in Dialect:
        metrics.X_DIALECT_CHANGES.labels(dialect.value)
    for endpoint in ENDPOINTS:
        metrics.X_CALL_SECONDS.labels(endpoint)
        for answer in ANSWERS:
            metrics.X_CALLS.labels(endpoint, answer)
        for kind in ("post", "user"):
            metrics.X_OBJECTS.labels(endpoint, kind)
        for blocked_by in (*Window, *BlockScope):
            metrics.X_REFUSALS.labels(endpoint, blocked_by.value)


def _begin_collection() -> None:
    for object_kind in Kind:
        for why in Reason:
            metrics.OBJECTS_SET_ASIDE.labels(object_kind.value, why.value)
    for source in POST_SOURCES:
        metrics.POSTS_STORED.labels(source)
    for account_state in AccountState:
        metrics.ACCOUNT_CHANGES.labels(account_state.value)
    for state in PostState:
        metrics.REFRESHED.labels(state.value)
    for price in (BOUGHT, FREE):
        metrics.REREADS.labels(price)
    for reason in GapReason:
        metrics.GAPS.labels(reason.value)
    for alert in Why:
        metrics.POST_ALERTS.labels(alert.value)
    for found_by in (MARGIN, SweepKind.REREAD.value):
        metrics.POSTS_LATE.labels(found_by)
    for kind in SweepKind:
        for status in (SweepStatus.COMPLETE, SweepStatus.ABANDONED):
            metrics.SWEEPS.labels(kind.value, status.value)
