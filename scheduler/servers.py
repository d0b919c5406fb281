"""What is to be known of Redis and MongoDB from outside, as gauges.

Whether they answer is asked at every look, and before everything else: what follows may take its time to fail, and even
the time is MongoDB's. What may be wrong while everything still works is looked at once a minute.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.broker.scripts import reaching_redis
from shared.redis import probe as redis_probe
from shared.runtime import metrics
from shared.services.bootstrap import Services
from shared.stores import probe as mongo_probe

INTERVAL = timedelta(minutes=1)


class Servers:
    """Reads both servers of the whole system."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._due_at: datetime | None = None

    def ping(self) -> bool:
        """Tell which of them answers; whether both do. Raises nothing that they do wrong."""
        redis_up = redis_probe.answers(self._services.broker.client)
        metrics.SERVER_UP.labels("redis").set(int(redis_up))
        mongo_up = mongo_probe.answers(self._services.stores)
        metrics.SERVER_UP.labels("mongo").set(int(mongo_up))
        return redis_up and mongo_up

    def read(self, now: datetime) -> None:
        """Set the other gauges. Raises CoveyError where one cannot be read; the next call looks at it again."""
        if self._due_at is None or now >= self._due_at:
            self._read_redis()
            self._read_mongo()
            self._due_at = now + INTERVAL

    def _read_redis(self) -> None:
        client = self._services.broker.client
        for gauge, ask in (
            (metrics.REDIS_EVICTABLE, redis_probe.evictable),
            (metrics.REDIS_MEMORY_USED_RATIO, redis_probe.memory_used_ratio),
            (metrics.REDIS_MEMORY_BYTES, redis_probe.memory_bytes),
            (metrics.REDIS_EVICTED_KEYS, redis_probe.evicted_keys),
        ):
            found = reaching_redis(client, lambda ask=ask: ask(client))  # type: ignore[misc]
            if found is not None:
                gauge.set(float(found))

    def _read_mongo(self) -> None:
        stores = self._services.stores
        metrics.MONGO_DISK_USED_RATIO.set(mongo_probe.disk_used_ratio(stores))
        metrics.INDEXES_MISSING.set(len(stores.indexes.missing()))
