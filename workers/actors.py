"""The table of actors: which handler works on which job, and how the two become a Dramatiq actor.

An actor decodes its message and calls one handler. What a raised error leads to is decided by `shared.domain.outcomes`
and carried out by the broker's middleware, the same for all. Invariant: every job type has one row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import dramatiq

from shared.domain import jobs
from shared.domain.errors import CoveyError
from shared.domain.jobs import Job, decode
from shared.services.bootstrap import Services
from workers.handlers.accounts import look_at_accounts, resolve_handles
from workers.handlers.alerts import send_alert
from workers.handlers.auditing import audit_source
from workers.handlers.authors import look_up_authors
from workers.handlers.canary import canary
from workers.handlers.compliance import compliance_round
from workers.handlers.deliveries import deliver_feed, ping_endpoint
from workers.handlers.engagement import refresh_engagement
from workers.handlers.media import download_media
from workers.handlers.planning import place_posts, rank_posts
from workers.handlers.purging import purge_gone, remove_media
from workers.handlers.quotes import quote_page
from workers.handlers.reselecting import reselect
from workers.handlers.retention import purge_old
from workers.handlers.revivals import find_revivals
from workers.handlers.search import search_page
from workers.handlers.standing import count_followed
from workers.handlers.thinning import thin_series
from workers.handlers.usage import check_usage

J = TypeVar("J", bound=Job)


@dataclass(frozen=True, slots=True)
class Actor(Generic[J]):
    """One row."""

    job_type: type[J]
    handler: Callable[[Services, J], None]


ACTORS: tuple[Actor[Any], ...] = (
    Actor(jobs.SearchPage, search_page),
    Actor(jobs.QuotePage, quote_page),
    Actor(jobs.RefreshEngagement, refresh_engagement),
    Actor(jobs.DownloadMedia, download_media),
    Actor(jobs.ResolveHandles, resolve_handles),
    Actor(jobs.LookUpAuthors, look_up_authors),
    Actor(jobs.LookAtAccounts, look_at_accounts),
    Actor(jobs.CheckUsage, check_usage),
    Actor(jobs.AuditSource, audit_source),
    Actor(jobs.ComplianceRound, compliance_round),
    Actor(jobs.PurgeGone, purge_gone),
    Actor(jobs.PurgeOld, purge_old),
    Actor(jobs.ThinSeries, thin_series),
    Actor(jobs.RankPosts, rank_posts),
    Actor(jobs.PlacePosts, place_posts),
    Actor(jobs.FindRevivals, find_revivals),
    Actor(jobs.Reselect, reselect),
    Actor(jobs.CountFollowed, count_followed),
    Actor(jobs.RemoveMedia, remove_media),
    Actor(jobs.SendAlert, send_alert),
    Actor(jobs.DeliverFeed, deliver_feed),
    Actor(jobs.PingEndpoint, ping_endpoint),
    Actor(jobs.Canary, canary),
)


def declare_all(services: Services) -> None:
    """Declare every actor of the table on the broker of `services`."""
    for actor in ACTORS:
        _declare(services, actor)


def _declare(services: Services, actor: Actor[J]) -> None:
    """`throws` keeps the errors of the tree out of the error log and of Sentry: they are outcomes, reported as such."""

    def work(payload: object) -> None:
        actor.handler(services, decode(actor.job_type, payload))

    decorate = dramatiq.actor(
        broker=services.broker,
        actor_name=actor.job_type.name,
        queue_name=actor.job_type.queues[0],
        # A handler makes at most a handful of calls, each with its own timeout; this only ends what those cannot.
        time_limit=round(services.settings.job_limit_seconds * 1000),
        throws=(CoveyError,),
    )
    decorate(work)
