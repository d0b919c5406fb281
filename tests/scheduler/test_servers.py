"""What the scheduler knows of Redis and MongoDB, on real servers."""

from __future__ import annotations

from datetime import UTC, datetime

import redis
from prometheus_client import REGISTRY
from pymongo.database import Database

from scheduler.servers import Servers
from shared.runtime.embedded import free_port
from shared.runtime.settings import Settings
from shared.services import bootstrap

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def servers(redis_url: str, mongo_uri: str) -> Servers:
    """What reads them."""
    settings = Settings.alone(redis_url=redis_url, mongo_uri=mongo_uri, mongo_database="covey_test")
    return Servers(bootstrap.build(settings, middleware=[]))


def up() -> tuple[float | None, float | None]:
    """Whether Redis and MongoDB answer, as told."""
    redis_up, mongo_up = (REGISTRY.get_sample_value("covey_server_up", {"server": name}) for name in ("redis", "mongo"))
    return redis_up, mongo_up


def test_servers_that_answer_are_up(redis_url: str, mongo_uri: str, mongo_db: Database[dict[str, object]]) -> None:
    """Both are told as 1, with the memory of Redis."""
    reading = servers(redis_url, mongo_uri)

    assert reading.ping()
    reading.read(NOW)

    assert up() == (1, 1)
    assert (REGISTRY.get_sample_value("covey_redis_memory_bytes") or 0) > 100_000


def test_one_that_is_away_is_down_and_the_other_is_not(
    redis_url: str, mongo_uri: str, mongo_db: Database[dict[str, object]]
) -> None:
    """Each is told by itself, whichever it is."""
    assert not servers(redis_url, f"mongodb://127.0.0.1:{free_port()}/?serverSelectionTimeoutMS=300").ping()
    without_mongo = up()
    assert not servers(f"redis://127.0.0.1:{free_port()}/0", mongo_uri).ping()

    assert without_mongo == (1, 0)
    assert up() == (0, 1)


def test_keys_that_redis_threw_away_are_counted(
    redis_url: str, mongo_uri: str, redis_client: redis.Redis, mongo_db: Database[dict[str, object]]
) -> None:
    """A full Redis that may evict does so, and the gauge rises by as many."""
    reading = servers(redis_url, mongo_uri)
    reading.read(NOW)
    before = REGISTRY.get_sample_value("covey_redis_evicted_keys")
    redis_client.mset({f"key:{number}": "x" * 1_000 for number in range(2_000)})
    redis_client.config_set("maxmemory-policy", "allkeys-random")
    try:
        redis_client.config_set("maxmemory", redis_client.info("memory")["used_memory"] - 500_000)
        redis_client.set("one", "more")
    finally:
        redis_client.config_set("maxmemory", 0)
        redis_client.config_set("maxmemory-policy", "noeviction")

    servers(redis_url, mongo_uri).read(NOW)

    after = REGISTRY.get_sample_value("covey_redis_evicted_keys")
    assert before is not None
    assert after is not None
    assert after > before
