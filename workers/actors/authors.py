"""The actor of `look_up_authors`."""

from __future__ import annotations

from shared.domain.jobs import LookUpAuthors
from shared.services.bootstrap import Services
from workers.actors.job_actor import declare_job
from workers.handlers.authors import look_up_authors


def declare(services: Services) -> None:
    """Declare the actor."""
    declare_job(services, LookUpAuthors, look_up_authors)
