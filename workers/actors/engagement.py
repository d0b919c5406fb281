"""The actor of `refresh_engagement`."""

from __future__ import annotations

from shared.domain.jobs import RefreshEngagement
from shared.services.bootstrap import Services
from workers.actors.job_actor import declare_job
from workers.handlers.engagement import refresh_engagement


def declare(services: Services) -> None:
    """Declare the actor."""
    declare_job(services, RefreshEngagement, refresh_engagement)
