"""The actor of `quote_page`."""

from __future__ import annotations

from shared.bootstrap import Services
from shared.jobs import QuotePage
from workers.actors.job_actor import declare_job
from workers.handlers.quotes import quote_page


def declare(services: Services) -> None:
    """Declare the actor."""
    declare_job(services, QuotePage, quote_page)
