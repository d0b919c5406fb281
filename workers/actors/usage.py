"""The actor of `check_usage`."""

from __future__ import annotations

from shared.domain.jobs import CheckUsage
from shared.services.bootstrap import Services
from workers.actors.job_actor import declare_job
from workers.handlers.usage import check_usage


def declare(services: Services) -> None:
    """Declare the actor."""
    declare_job(services, CheckUsage, check_usage)
