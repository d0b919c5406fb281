"""The typed payloads of all jobs: the border between those who enqueue and those who work.

A payload holds ids and small values, never a token, is versioned, and is checked against its schema on arrival.
Names and queues are explicit strings, so renaming a function breaks no message in flight. `subject` says which jobs
are the same work: at most one of a (name, subject) is outstanding at a time.
"""

from __future__ import annotations

from typing import Final, TypeVar

from pydantic import Field, ValidationError

from shared.domain.alert_jobs import SendAlert
from shared.domain.errors import BadJob, NewerJob
from shared.domain.feed_jobs import DeliverFeed, PingEndpoint
from shared.domain.job import (
    ALL_QUEUES,
    GREATEST_ID,
    MAX_IDS,
    SCHEMA_VERSION,
    DocumentId,
    Job,
    MediaKey,
    PostIdText,
    Queue,
    Username,
)
from shared.domain.upkeep_jobs import (
    UPKEEP_JOBS,
    AuditSource,
    CheckUsage,
    ComplianceRound,
    CountFollowed,
    FindRevivals,
    PlacePosts,
    PurgeGone,
    PurgeOld,
    RankPosts,
    RemoveMedia,
    Reselect,
    ThinSeries,
)

__all__ = [
    "ALL_JOBS",
    "ALL_QUEUES",
    "GREATEST_ID",
    "MAX_IDS",
    "AuditSource",
    "Canary",
    "CheckUsage",
    "ComplianceRound",
    "CountFollowed",
    "DeliverFeed",
    "DownloadMedia",
    "FindRevivals",
    "Job",
    "LookAtAccounts",
    "LookUpAuthors",
    "PingEndpoint",
    "PlacePosts",
    "PurgeGone",
    "PurgeOld",
    "Queue",
    "QuotePage",
    "RankPosts",
    "RefreshEngagement",
    "RemoveMedia",
    "Reselect",
    "ResolveHandles",
    "SearchPage",
    "SendAlert",
    "ThinSeries",
    "decode",
    "gated_jobs",
]

# Between two looks of one worker at a job that it does not know: meanwhile another one may take it.
LEFT_FOR_SECONDS: Final = 10.0


class SearchPage(Job):
    """One page of one sweep of one stream."""

    name = "search_page"
    queues = (Queue.SEARCH, Queue.BACKFILL)
    asks_first = True

    sweep_id: DocumentId
    page: int = Field(ge=0)

    @property
    def subject(self) -> str:
        """The page: its successor is other work, enqueued before this one ends."""
        return f"{self.sweep_id}:{self.page}"


class QuotePage(Job):
    """One page of the quotes of one post."""

    name = "quote_page"
    queues = (Queue.QUOTES,)
    asks_first = True

    sweep_id: DocumentId
    page: int = Field(ge=0)

    @property
    def subject(self) -> str:
        """The page."""
        return f"{self.sweep_id}:{self.page}"


class RefreshEngagement(Job):
    """Up to 100 posts whose counts are read again. `run_id` ties an ad-hoc refresh to its request."""

    name = "refresh_engagement"
    queues = (Queue.ENGAGEMENT, Queue.INTERACTIVE)
    asks_first = True

    claim_id: DocumentId
    post_ids: tuple[PostIdText, ...] = Field(min_length=1, max_length=MAX_IDS)
    run_id: DocumentId | None = None

    @property
    def subject(self) -> str:
        """The claim: it names its batch of posts."""
        return self.claim_id


class DownloadMedia(Job):
    """One media file."""

    name = "download_media"
    queues = (Queue.MEDIA,)

    media_key: MediaKey

    @property
    def subject(self) -> str:
        """The media key."""
        return self.media_key


class ResolveHandles(Job):
    """Up to 100 usernames whose accounts are looked up. `run_id` ties them to the request that pays for it."""

    name = "resolve_handles"
    queues = (Queue.INTERACTIVE,)

    usernames: tuple[Username, ...] = Field(min_length=1, max_length=MAX_IDS)
    run_id: DocumentId | None = None

    @property
    def subject(self) -> str:
        """The set of names."""
        return ",".join(sorted(name.lower() for name in self.usernames))


class AccountsJob(Job):
    """Base of the jobs about up to 100 accounts by id."""

    queues = (Queue.ENGAGEMENT,)
    asks_first = True

    claim_id: DocumentId
    user_ids: tuple[PostIdText, ...] = Field(min_length=1, max_length=MAX_IDS)

    @property
    def subject(self) -> str:
        """The claim: it names its batch of accounts."""
        return self.claim_id


class LookUpAuthors(AccountsJob):
    """Accounts that wrote posts and are not known yet, or not freshly. `run_id` names the request that pays for it."""

    name = "look_up_authors"

    run_id: DocumentId | None = None


class LookAtAccounts(AccountsJob):
    """Followed accounts: what each is called, and whether it is still there."""

    name = "look_at_accounts"


class Canary(Job):
    """Nothing but a sign of life: proves that one queue is served."""

    name = "canary"
    queues = ALL_QUEUES

    queue: str
    sent_at_ms: int

    @property
    def subject(self) -> str:
        """The queue: one sign of life at a time."""
        return self.queue


J = TypeVar("J", bound=Job)

ALL_JOBS: tuple[type[Job], ...] = (
    SearchPage,
    QuotePage,
    RefreshEngagement,
    DownloadMedia,
    ResolveHandles,
    LookUpAuthors,
    LookAtAccounts,
    CheckUsage,
    *UPKEEP_JOBS,
    SendAlert,
    DeliverFeed,
    PingEndpoint,
    Canary,
)


def gated_jobs() -> dict[str, tuple[str, ...]]:
    """For each queue, the names of the jobs that wait together for grants. People's work always asks at once."""
    queues = [queue for queue in ALL_QUEUES if queue != Queue.INTERACTIVE]
    return {queue: tuple(job.name for job in ALL_JOBS if job.asks_first and queue in job.queues) for queue in queues}


def decode(job_type: type[J], payload: object) -> J:
    """Check a payload on arrival. Raises BadJob, which names the fields that do not fit, and NewerJob for one that only
    has a higher version, or fields that this version does not know.
    """
    try:
        return job_type.model_validate(payload)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'payload'}: {e['msg']}" for e in error.errors())
        if _is_newer(payload, error):
            raise NewerJob(
                f"left for a newer worker: {job_type.name}: {faults}", wait_seconds=LEFT_FOR_SECONDS
            ) from error
        raise BadJob(f"{job_type.name}: {faults}") from error


def _is_newer(payload: object, error: ValidationError) -> bool:
    """Whether a later version of this schema would write such a payload: a higher version, or known fields that fit."""
    version = payload.get("version") if isinstance(payload, dict) else None
    is_higher = type(version) is int and version > SCHEMA_VERSION
    return is_higher or all(fault["type"] == "extra_forbidden" for fault in error.errors())
