"""The actor of `check_usage`."""

from __future__ import annotations

from shared.bootstrap import Services
from shared.jobs import CheckUsage
from workers.actors.job_actor import declare_job
from workers.handlers.usage import check_usage


def declare(services: Services) -> None:
    """Declare the actor."""
    declare_job(services, CheckUsage, check_usage)
