"""The actor of `quote_page`."""

from __future__ import annotations

from shared.domain.jobs import QuotePage
from shared.services.bootstrap import Services
from workers.actors.job_actor import declare_job
from workers.handlers.quotes import quote_page


def declare(services: Services) -> None:
    """Declare the actor."""
    declare_job(services, QuotePage, quote_page)
