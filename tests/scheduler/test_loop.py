"""The loop of the scheduler when a server goes away, on real servers."""

from __future__ import annotations

import redis
from pymongo.database import Database

from scheduler.leader import Leader
from scheduler.loop import Loop, Result
from shared import bootstrap
from shared.embedded import free_port
from shared.jobs import ALL_QUEUES
from shared.settings import Settings
from shared.stores.database import ServerClock


def loop(lease: redis.Redis, queue_url: str, mongo_uri: str) -> Loop:
    """A scheduler whose lease and queue are on different servers."""
    settings = Settings.load(redis_url=queue_url, mongo_uri=mongo_uri, mongo_database="covey_test")
    services = bootstrap.build(settings, middleware=[])
    for queue in ALL_QUEUES:
        services.broker.declare_queue(queue)
    leader = Leader(lease, name="test", lease_seconds=15.0)
    return Loop(services, leader, ServerClock(services.stores.db))


def test_a_queue_that_cannot_be_reached_ends_the_round_only(
    redis_client: redis.Redis, mongo_uri: str, mongo_db: Database[dict[str, object]]
) -> None:
    """A leader whose queue is away answers an empty round and goes on leading."""
    without_queue = loop(redis_client, f"redis://127.0.0.1:{free_port()}/0", mongo_uri)

    assert without_queue.run_once() == Result(led=True)
    assert without_queue.run_once() == Result(led=True)
