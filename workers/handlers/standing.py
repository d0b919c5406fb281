"""`count_followed`: how engagement is followed by tier, counted where it holds up nobody."""

from __future__ import annotations

from shared.domain.jobs import CountFollowed
from shared.services.bootstrap import Services
from shared.services.standing import count


def count_followed(services: Services, job: CountFollowed) -> None:
    """Count, unless that was done a moment ago. Raises StoreUnavailable."""
    last = services.stores.standing.last()
    if last is None or last.is_to_be_counted_again(services.clock.now()):
        count(services)
