"""`canary`: the time a queue took."""

from __future__ import annotations

from prometheus_client import REGISTRY

from shared.domain.jobs import Canary
from shared.services.bootstrap import Services
from workers.handlers.canary import canary


def test_a_canary_measures_its_way_through_the_queue(services: Services) -> None:
    """A job sent 30 s ago says 30 s, and one from a clock that runs ahead says 0."""
    now_ms = int(services.clock.now().timestamp() * 1000)

    canary(services, Canary(queue="search", sent_at_ms=now_ms - 30_000))
    canary(services, Canary(queue="media", sent_at_ms=now_ms + 60_000))

    seconds = REGISTRY.get_sample_value("covey_canary_seconds", {"queue": "search"})
    assert seconds is not None
    assert 30 <= seconds < 35
    assert REGISTRY.get_sample_value("covey_canary_seconds", {"queue": "media"}) == 0
