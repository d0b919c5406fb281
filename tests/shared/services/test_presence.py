"""Signs of life on a real MongoDB."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta

from shared.domain.flock import ProcessKind
from shared.runtime.embedded import free_port
from shared.services.bootstrap import Services
from shared.services.pausing import Pausing
from shared.services.presence import Presence
from tests.workers.world import ScriptedX, eventually

Make = Callable[..., Services]


def test_a_process_is_seen_until_it_ends(services: Services) -> None:
    """With what it says of itself, as of MongoDB's time, beat by beat; nothing is left when it ends."""
    presence = Presence(
        services, ProcessKind.WORKER, describe=lambda: {"queues": ["media"], "threads": 3}, beat_seconds=0.1
    )
    presence.begin()
    (first,) = services.stores.processes.all()

    assert (first.id, first.kind, first.queues, first.threads) == (presence.id, "worker", ("media",), 3)
    assert abs(first.beat_at - datetime.now(UTC)) < timedelta(seconds=5)
    eventually(lambda: services.stores.processes.all()[0].beat_at > first.beat_at)
    presence.end()
    assert services.stores.processes.all() == []


def test_it_hears_what_is_paused(services: Services) -> None:
    """Before its first work, and every change within seconds."""
    heard: list[Collection[str]] = []
    pausing = Pausing(services.stores.state)
    pausing.pause(["media"], now=datetime.now(UTC))
    presence = Presence(services, ProcessKind.WORKER, hear=heard.append, beat_seconds=0.1)

    presence.begin()
    assert heard == [{"media"}]
    pausing.resume(["media"])
    eventually(lambda: heard[-1] == frozenset())
    presence.end()


def test_the_setting_is_heard_too(make_services: Make, x: ScriptedX) -> None:
    """COVEY_COLLECT off pauses all queues."""
    services = make_services(x.url, collect=False)
    heard: list[Collection[str]] = []
    presence = Presence(services, ProcessKind.WORKER, hear=heard.append, beat_seconds=0.1)

    presence.begin()
    presence.end()

    assert "search" in heard[0]
    assert "media" in heard[0]


def test_without_mongodb_it_goes_on_trying(make_services: Make, x: ScriptedX) -> None:
    """Neither beginning nor ending raises."""
    away = f"mongodb://127.0.0.1:{free_port()}/?serverSelectionTimeoutMS=50"
    presence = Presence(make_services(x.url, mongo_uri=away), ProcessKind.SCHEDULER)

    presence.begin()
    presence.end()
