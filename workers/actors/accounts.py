"""The actor of `resolve_handles`."""

from __future__ import annotations

from shared.domain.jobs import ResolveHandles
from shared.services.bootstrap import Services
from workers.actors.job_actor import declare_job
from workers.handlers.accounts import resolve_handles


def declare(services: Services) -> None:
    """Declare the actor."""
    declare_job(services, ResolveHandles, resolve_handles)
