"""The actors: one module a family of jobs, each a thin shell around a handler.

An actor decodes its message and calls one handler. What a raised error leads to is decided by `shared.domain.outcomes`
and carried out by the broker's middleware, the same for all.
"""

from __future__ import annotations

from shared.services.bootstrap import Services
from workers.actors import accounts, authors, canary, engagement, media, quotes, search, usage


def declare_all(services: Services) -> None:
    """Declare the actor of every job on the broker of `services`."""
    for family in (search, quotes, engagement, media, accounts, authors, usage, canary):
        family.declare(services)
