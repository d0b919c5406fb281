"""What the scheduler asks of the queue: dead letters, depths, and whether Redis may have lost data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import redis

from shared.broker.keys import QueueKeys, epoch_key
from shared.broker.outbox import DeadMessage
from shared.broker.queue_stats import QueueStats
from shared.broker.scripts import Scripts, reaching_redis


class Introspection:
    """A part of CoveyBroker. Every method raises ConnectionClosed when Redis cannot be reached."""

    client: redis.Redis
    namespace: str
    operations: Scripts

    def get_declared_queues(self) -> set[str]:
        """The queues that are looked at."""
        raise NotImplementedError

    def keys(self, queue_name: str) -> QueueKeys:
        """The keys of a queue."""
        raise NotImplementedError

    def dead(self, limit: int) -> list[DeadMessage]:
        """Up to `limit` dead letters of all declared queues, the oldest first."""
        found = [
            DeadMessage.of(queue, *row)
            for queue in self.get_declared_queues()
            for row in self.operations.dead(self.keys(queue), limit)
        ]
        return sorted(found, key=lambda letter: letter.died_us)[:limit]

    def forget_dead(self, letters: Iterable[DeadMessage]) -> int:
        """Forget dead letters that are stored elsewhere; how many. One that died again since is kept."""
        by_queue: dict[str, list[tuple[str, int]]] = {}
        for letter in letters:
            by_queue.setdefault(letter.queue, []).append((letter.redis_id, letter.died_us))
        return sum(self.operations.forget_dead(self.keys(queue), died) for queue, died in by_queue.items())

    def queue_stats(self) -> dict[str, QueueStats]:
        """Depths and age of every declared queue, in one round trip."""
        queues = sorted(self.get_declared_queues())
        rows = self.operations.stats([self.keys(queue) for queue in queues])
        return {queue: QueueStats.of(*row) for queue, row in zip(queues, rows, strict=True)}

    def epoch(self) -> str | None:
        """The mark set by `set_epoch`; None when Redis lost its data since, or never had it."""
        value: Any = reaching_redis(lambda: self.client.get(epoch_key(self.namespace)))
        return None if value is None else value.decode()

    def set_epoch(self, value: str) -> None:
        """Mark the data in Redis, so that its loss is seen."""
        reaching_redis(lambda: self.client.set(epoch_key(self.namespace), value))

    def server_id(self) -> str:
        """Names the server process (Redis, INFO server, run_id): another one may have lost the last second."""
        info: Any = reaching_redis(lambda: self.client.info("server"))
        return str(info["run_id"])
