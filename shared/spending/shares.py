"""What sources spent of their shares of the money: counted by the ledger's script, beside what it books.

    answer of X --record.lua--> Redis: money of the day by source --copy--> MongoDB `shares`
                                (booked and counted, or neither)  (every 2 s, as the ledger's sums)

Promise: the ledger's. A call that is booked is counted, once, whatever ends in the middle; where Redis loses
everything, what it counted since the last copy is gone, and what is read again that day counts again. Nothing here
grows but with the sources that have a share, and no longer than a week.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import redis

from shared.domain.errors import LimiterUnavailable
from shared.redis.scripts import RedisAway, reaching
from shared.runtime.clock import Clock
from shared.spending.rows import EPOCH, PREFIX, day_key, epoch_of, shares_key
from shared.stores.shares import ShareStore


class Shares:
    """Reads and copies the sums. clock: X's time as far as it is known, such as the ledger's."""

    def __init__(self, redis_client: redis.Redis, store: ShareStore, clock: Clock, *, prefix: str = PREFIX) -> None:
        self._redis = redis_client
        self._store = store
        self._clock = clock
        self._prefix = prefix

    def spent(self, source: str | None = None) -> dict[str, int]:
        """What each source has spent of its share today, in micro-dollars; of one source, or of all.

        One round trip to each server. Raises LimiterUnavailable, StoreUnavailable.
        """
        day = self._clock.now().date()
        epoch, here = self._here(day, source)
        found = self._store.of(day, source)
        for one, micro_usd in here.items():
            of_epochs = found.setdefault(one, {})
            of_epochs[epoch] = max(micro_usd, of_epochs.get(epoch, 0))
        return {one: sum(of_epochs.values()) for one, of_epochs in found.items()}

    def copied(self) -> dict[str, int]:
        """The same from MongoDB alone, as it was at the last copy. Raises StoreUnavailable."""
        return {one: sum(epochs.values()) for one, epochs in self._store.of(self._clock.now().date()).items()}

    def copy(self) -> None:
        """Copy today's sums to MongoDB. Repeating it changes nothing. Raises LimiterUnavailable, StoreUnavailable."""
        day = self._clock.now().date()
        self._store.keep(day, *self._here(day))

    def _here(self, day: date, source: str | None = None) -> tuple[str, dict[str, int]]:
        """The life of Redis, and what it counted of one source or of all."""
        key = shares_key(self._prefix, day)
        try:
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.execute_command("HGET", day_key(self._prefix, day), EPOCH, NEVER_DECODE=True)  # type: ignore[no-untyped-call]
            if source is None:
                pipeline.hgetall(key)
            else:
                pipeline.hget(key, source)
            epoch, found = reaching(self._redis, pipeline.execute)
        except RedisAway as error:
            raise LimiterUnavailable(str(error)) from error
        return epoch_of(epoch), _numbers(found, source)


def _numbers(found: Any, source: str | None) -> dict[str, int]:
    """What HGETALL, or HGET of one source, answered."""
    if source is None:
        return {_text(name): int(number) for name, number in found.items()}
    return {} if found is None else {source: int(found)}


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
