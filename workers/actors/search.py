"""The actor of `search_page`."""

from __future__ import annotations

from shared.domain.jobs import SearchPage
from shared.services.bootstrap import Services
from workers.actors.job_actor import declare_job
from workers.handlers.search import search_page


def declare(services: Services) -> None:
    """Declare the actor."""
    declare_job(services, SearchPage, search_page)
