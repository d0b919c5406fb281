"""The actor of `canary`."""

from __future__ import annotations

from shared.domain.jobs import Canary
from shared.services.bootstrap import Services
from workers.actors.job_actor import declare_job
from workers.handlers.canary import canary


def declare(services: Services) -> None:
    """Declare the actor."""
    declare_job(services, Canary, canary)
