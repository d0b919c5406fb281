"""What schedulers and people ask of the queue: dead letters, depths, what lies in it, and whether Redis lost data."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import redis
from redis.exceptions import NoPermissionError

from shared.broker.context import BrokerContext
from shared.broker.keys import epoch_key
from shared.broker.outbox import DeadMessage
from shared.broker.queue_stats import QueueStats
from shared.broker.queued import Look, Queued, read_look
from shared.broker.scripts import reaching_redis

UNKNOWN_SERVER = "unknown"


class Introspection:
    """Reads of the queues that `queues` names. Every method raises ConnectionClosed when Redis cannot be reached."""

    def __init__(self, client: redis.Redis, context: BrokerContext, queues: Callable[[], Iterable[str]]) -> None:
        self._client = client
        self._context = context
        self._scripts = context.scripts
        self._queues = queues

    def dead(self, limit: int) -> list[DeadMessage]:
        """Up to `limit` dead letters of all declared queues, the oldest first."""
        found = [
            DeadMessage.of(queue, *row)
            for queue in self._queues()
            for row in self._scripts.dead(self._context.keys(queue), limit)
        ]
        return sorted(found, key=lambda letter: letter.died_us)[:limit]

    def forget_dead(self, letters: Iterable[DeadMessage]) -> int:
        """Forget dead letters that are stored elsewhere; how many. One that died again since is kept."""
        by_queue: dict[str, list[tuple[str, int]]] = {}
        for letter in letters:
            by_queue.setdefault(letter.queue, []).append((letter.redis_id, letter.died_us))
        return sum(self._scripts.forget_dead(self._context.keys(queue), died) for queue, died in by_queue.items())

    def queue_stats(self) -> dict[str, QueueStats]:
        """Depths and age of every declared queue, in one round trip."""
        queues = sorted(self._queues())
        rows = self._scripts.stats([self._context.keys(queue) for queue in queues])
        return {queue: QueueStats.of(*row) for queue, row in zip(queues, rows, strict=True)}

    def look(self, queue: str, *, skip: int = 0, limit: int = 100, with_held: bool = True) -> Look:
        """What waits in a queue, `limit` after the first `skip` in the order of due times, and what is held."""
        reply = self._scripts.look(self._context.keys(queue), skip=skip, limit=limit, with_held=with_held)
        return read_look(reply, queue, self._context.gates(queue).of)

    def cancel(self, queued: Queued, reason: str) -> bool:
        """Bury a message that waits; False when a worker has it, or it is gone."""
        dedup = self._context.dedup_of(queued.message) if queued.message else None
        return self._scripts.cancel(self._context.keys(queued.queue), queued.id, reason, dedup)

    def open_gates(self) -> None:
        """Let the limiter be asked again now, by one of each kind that waits for it; people's work by all of it.

        For whoever has mended what it refused for: a block of X, a budget. A queue without gates is people's.
        """
        for queue in self._queues():
            self._scripts.open(self._context.keys(queue), hasten=not self._context.gates(queue).names)

    def now(self) -> datetime:
        """Redis's time, to the millisecond."""
        seconds, microseconds = reaching_redis(self._client, self._client.time)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds // 1000 * 1000)

    def epoch(self) -> str | None:
        """The mark set by `set_epoch`; None when Redis lost its data since, or never had it."""
        value: Any = reaching_redis(self._client, lambda: self._client.get(epoch_key(self._context.namespace)))
        return None if value is None else value.decode()

    def set_epoch(self, value: str) -> None:
        """Mark the data in Redis, so that its loss is seen."""
        reaching_redis(self._client, lambda: self._client.set(epoch_key(self._context.namespace), value))

    def server_id(self) -> str:
        """Names the server process (Redis, INFO server, run_id): another one may have lost the last second.

        The same name for all where the user may not run INFO, which the preflight tells.
        """
        info: Any = reaching_redis(self._client, self._server_info)
        return str(info["run_id"])

    def _server_info(self) -> Any:
        try:
            return self._client.info("server")
        except NoPermissionError:
            return {"run_id": UNKNOWN_SERVER}
