"""The jobs that keep what is stored in step with what X still shows; see `jobs`, which has them too."""

from __future__ import annotations

from datetime import date
from typing import Final

from pydantic import Field

from shared.domain.job import MAX_IDS, DocumentId, Job, MediaKey, Queue


class ComplianceRound(Job):
    """One look at a compliance round that is open."""

    name = "compliance_round"
    queues = (Queue.BACKFILL,)

    round_id: DocumentId

    @property
    def subject(self) -> str:
        """The round."""
        return self.round_id


class CheckUsage(Job):
    """X's own count of the posts that were bought, to compare with the ledger."""

    name = "check_usage"
    queues = (Queue.BACKFILL,)

    @property
    def subject(self) -> str:
        """The project: one count at a time."""
        return "project"


class AuditSource(Job):
    """X's count of what is followed of one source, beside what is stored."""

    name = "audit_source"
    queues = (Queue.BACKFILL,)

    audit_id: DocumentId

    @property
    def subject(self) -> str:
        """The audit: its day and what it is about."""
        return self.audit_id


class PurgeGone(Job):
    """What people wrote in posts that are gone is taken away, where its time has come."""

    name = "purge_gone"
    queues = (Queue.BACKFILL,)

    @property
    def subject(self) -> str:
        """All that is due: one at a time."""
        return "gone"


class PurgeOld(Job):
    """Posts that were kept long enough are taken away."""

    name = "purge_old"
    queues = (Queue.BACKFILL,)

    @property
    def subject(self) -> str:
        """All that is old: one at a time."""
        return "old"


class Reselect(Job):
    """Posts of sources that ask for something else now: which of them are followed."""

    name = "reselect"
    queues = (Queue.BACKFILL,)

    @property
    def subject(self) -> str:
        """All such sources: one at a time."""
        return "sources"


class CountFollowed(Job):
    """How many posts are followed, due and late, by tier."""

    name = "count_followed"
    queues = (Queue.BACKFILL,)

    @property
    def subject(self) -> str:
        """All posts: one count at a time."""
        return "followed"


class ThinSeries(Job):
    """Snapshots of old posts, of which fewer are kept."""

    name = "thin_series"
    queues = (Queue.BACKFILL,)

    @property
    def subject(self) -> str:
        """All series: one at a time."""
        return "series"


class RemoveMedia(Job):
    """Media whose files are deleted, and which are forgotten then."""

    name = "remove_media"
    queues = (Queue.MEDIA,)

    media: tuple[MediaKey, ...] = Field(min_length=1, max_length=MAX_IDS)

    @property
    def subject(self) -> str:
        """The first of them: batches that were sent begin with another one."""
        return self.media[0]


class PlanPart(Job):
    """Base of the jobs about one part of the plan of a UTC day."""

    queues = (Queue.ENGAGEMENT,)

    day: date
    part: int = Field(ge=0)

    @property
    def subject(self) -> str:
        """The part."""
        return f"{self.day.isoformat()}:{self.part}"


class RankPosts(PlanPart):
    """A part of the followed posts, counted by what they are worth today."""

    name = "rank_posts"


class PlacePosts(PlanPart):
    """A part of the followed posts, of which some are bought today."""

    name = "place_posts"


class FindRevivals(Job):
    """Some requests of the group tests of a day's plan."""

    name = "find_revivals"
    queues = (Queue.ENGAGEMENT,)

    day: date

    @property
    def subject(self) -> str:
        """The day: one step at a time, for each rests on the answers before."""
        return self.day.isoformat()


UPKEEP_JOBS: Final[tuple[type[Job], ...]] = (
    AuditSource,
    ComplianceRound,
    PurgeGone,
    PurgeOld,
    ThinSeries,
    RankPosts,
    PlacePosts,
    FindRevivals,
    Reselect,
    CountFollowed,
    RemoveMedia,
)
