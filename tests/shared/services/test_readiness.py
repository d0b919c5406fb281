"""Whether a process can do its work."""

from __future__ import annotations

from collections.abc import Callable

from shared.runtime.embedded import free_port
from shared.services.bootstrap import Services
from shared.services.readiness import unready
from tests.workers.world import ScriptedX

Make = Callable[..., Services]


def test_all_is_well(services: Services) -> None:
    """Both servers answer, and there is a credential."""
    assert unready(services, asks_x=True) == []


def test_each_server_that_is_away_is_a_reason(make_services: Make, x: ScriptedX) -> None:
    """By name, without an address."""
    no_redis = make_services(x.url, redis_url=f"redis://:secret@127.0.0.1:{free_port()}/0")
    no_mongo = make_services(x.url, mongo_uri=f"mongodb://127.0.0.1:{free_port()}/")

    assert unready(no_redis, asks_x=True) == ["Redis cannot be reached"]
    assert unready(no_mongo, asks_x=True) == ["MongoDB cannot be reached"]


def test_who_asks_x_needs_a_credential(make_services: Make, x: ScriptedX) -> None:
    """Others do not."""
    services = make_services(x.url, x_bearer_token=None)

    assert unready(services, asks_x=True) == ["no credential of X can be used; see covey credentials list"]
    assert unready(services, asks_x=False) == []
