"""The actor of `canary`."""

from __future__ import annotations

from shared.bootstrap import Services
from shared.jobs import Canary
from workers.actors.job_actor import declare_job
from workers.handlers.canary import canary


def declare(services: Services) -> None:
    """Declare the actor."""
    declare_job(services, Canary, canary)
