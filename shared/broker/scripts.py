"""The only caller of the Lua scripts: one method an operation, which builds the keys and reads the reply.

Owns the translation of every redis error into `dramatiq.errors.ConnectionClosed`, the one error Dramatiq's threads wait
out and try again. That includes refusals such as a full or a read-only Redis: what was not done must be tried again,
never dropped. `now_us` is for tests; 0 means Redis TIME.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import redis
from dramatiq.errors import ConnectionClosed

from shared.broker.fetched import Handed, read_fetch
from shared.broker.gates import CONSTANTS
from shared.broker.keys import QueueKeys
from shared.broker.placement import Dedup, Placed, Placement
from shared.domain.errors import RedisRefused
from shared.redis.scripts import Argument, Connections, RedisAway, Script, load, reaching
from shared.runtime.log import get_logger

_NAMES = (
    *("enqueue", "fetch", "ack", "reschedule", "park", "pass", "nack", "requeue", "adopt", "recover", "heartbeat"),
    *("stats", "dead", "forget_dead", "look", "cancel", "open"),
)

T = TypeVar("T")

_log = get_logger(__name__)
# Messages in one pipeline: about 200 KB at the usual size.
_BATCH = 500
_PLACED: dict[int, Placed] = {1: "placed", 2: "outstanding", 0: "refused", -1: "conflict"}


def reaching_redis(client: redis.Redis, call: Callable[[], T]) -> T:
    """Run a plain command of `client`. Raises ConnectionClosed for whatever keeps Redis from doing it."""
    with _told_apart():
        return reaching(client, call)


@contextmanager
def _told_apart() -> Iterator[None]:
    """Raises ConnectionClosed. A refusal that a person must act on is logged by name: nothing else would show it."""
    try:
        yield
    except RedisAway as error:
        raise ConnectionClosed(str(error)) from error  # type: ignore[no-untyped-call]
    except RedisRefused as error:
        _log.error("redis_refuses", reason=str(error))
        raise ConnectionClosed(str(error)) from error  # type: ignore[no-untyped-call]


class Scripts:
    """The operations of the broker on one Redis."""

    def __init__(self, client: redis.Redis) -> None:
        connections = Connections(client)
        self._connections = connections
        self._scripts = {name: Script(connections, load("shared.broker", name, CONSTANTS)) for name in _NAMES}

    def close(self) -> None:
        """Close the connections. A later call opens new ones."""
        self._connections.close()

    def _run(self, name: str, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        with _told_apart():
            return self._scripts[name](keys, args)

    def enqueue(self, placements: Sequence[Placement], now_us: int = 0) -> list[Placed]:
        """Place messages; what became of each. Several take a round trip for every 500."""
        if len(placements) == 1:
            return [_PLACED[self._run("enqueue", *_enqueue_call(placements[0], now_us))]]
        replies: list[int] = []
        for start in range(0, len(placements), _BATCH):
            calls = [_enqueue_call(placement, now_us) for placement in placements[start : start + _BATCH]]
            with _told_apart():
                replies += self._scripts["enqueue"].many(calls)
        return [_PLACED[reply] for reply in replies]

    def fetch(
        self,
        keys: QueueKeys,
        worker: str,
        room: int,
        *,
        alone: bool,
        alone_from: int,
        dead_from: int,
        gates: Sequence[str] = (),
        now_us: int = 0,
    ) -> Handed:
        """Hold up to `room` messages for `worker` that are due, or that one of the `gates` lets out."""
        names = [keys.waiting, keys.payloads, keys.held, keys.workers, keys.crashes]
        if gates:
            names += [keys.gates, *(keys.line(gate) for gate in gates)]
        args: list[Argument] = [worker, room, int(alone), alone_from, dead_from, now_us, *gates]
        return read_fetch(self._run("fetch", names, args), gates)

    def ack(self, keys: QueueKeys, id: str, receipt: str, dedup: Dedup | None = None) -> bool:
        """Forget a message; False when this delivery no longer holds it."""
        return bool(self._run("ack", (keys.held, keys.payloads, keys.crashes, *_key(dedup)), (id, receipt)))

    def reschedule(
        self,
        keys: QueueKeys,
        id: str,
        receipt: str,
        payload: bytes,
        *,
        delay_ms: int,
        dedup: Dedup | None = None,
        now_us: int = 0,
    ) -> bool:
        """Place a held message again, `delay_ms` from now; False when this delivery no longer holds it."""
        names = (keys.held, keys.payloads, keys.waiting, *_key(dedup))
        args = (id, receipt, payload, delay_ms * 1000, _ttl_ms(dedup), now_us)
        return bool(self._run("reschedule", names, args))

    def park(
        self,
        keys: QueueKeys,
        id: str,
        receipt: str,
        payload: bytes,
        *,
        gate: str,
        made_ms: int,
        closed_ms: int | None = None,
        dedup: Dedup | None = None,
        now_us: int = 0,
    ) -> bool:
        """Place a held message in line at a gate, which is closed for `closed_ms` (None: stays as it is); False when
        this delivery no longer holds it.
        """
        names = (keys.held, keys.payloads, keys.waiting, keys.gates, keys.line(gate), *_key(dedup))
        closed_us = -1 if closed_ms is None else closed_ms * 1000
        return bool(self._run("park", names, (id, receipt, payload, gate, made_ms, closed_us, _ttl_ms(dedup), now_us)))

    def pass_gate(self, keys: QueueKeys, gate: str, fetched_us: int, now_us: int = 0) -> bool:
        """Say that what a gate let out at `fetched_us` got its grant; False when the gate has closed since."""
        return bool(self._run("pass", (keys.gates, keys.line(gate)), (gate, fetched_us, now_us)))

    def nack(
        self,
        keys: QueueKeys,
        id: str,
        receipt: str,
        payload: bytes,
        reason: str,
        dedup: Dedup | None = None,
        now_us: int = 0,
    ) -> bool:
        """Bury a held message (payload b"": the stored one); False when this delivery no longer holds it."""
        names = (keys.held, keys.payloads, keys.crashes, *_dead(keys), *_key(dedup))
        return bool(self._run("nack", names, (id, receipt, payload, reason, now_us)))

    def requeue(self, keys: QueueKeys, receipts: Sequence[tuple[str, str]]) -> int:
        """Give back held messages (id, receipt); how many were still held."""
        flat = [part for pair in receipts for part in pair]
        return int(self._run("requeue", (keys.held, keys.waiting), flat)) if flat else 0

    def adopt(
        self, keys: QueueKeys, worker: str, seen_us: int, in_memory: Iterable[str], now_us: int = 0
    ) -> tuple[int, int]:
        """Give back what `worker` holds up to `seen_us` but not in memory: (Redis time in us, how many)."""
        reply = self._run("adopt", (keys.held, keys.waiting), (worker, seen_us, now_us, *in_memory))
        return int(reply[0]), int(reply[1])

    def recover(
        self,
        keys: QueueKeys,
        *,
        timeout_ms: int,
        gap_ms: int,
        last_chance_at: int = 0,
        last_chance_delay_ms: int = 0,
        now_us: int = 0,
    ) -> int:
        """Give back what workers silent for `timeout_ms` hold; how many. A message that has crashed `last_chance_at`
        times (0: none) waits `last_chance_delay_ms`.
        """
        names = (keys.held, keys.waiting, keys.workers, keys.crashes, keys.watch)
        args = (timeout_ms * 1000, gap_ms, last_chance_at, last_chance_delay_ms * 1000, now_us)
        return int(self._run("recover", names, args))

    def heartbeat(self, keys: QueueKeys, worker: str, now_us: int = 0) -> None:
        """Say that `worker` is alive."""
        self._run("heartbeat", (keys.workers,), (worker, now_us))

    def stats(self, queues: Sequence[QueueKeys], now_us: int = 0) -> list[tuple[int, int, int, int, int]]:
        """For each queue: ready, delayed, in flight, dead, age of the longest due message in us."""
        names = [key for keys in queues for key in (keys.waiting, keys.held, keys.dead)]
        reply = [int(number) for number in self._run("stats", names, (now_us,))] if names else []
        return [(*reply[i : i + 5],) for i in range(0, len(reply), 5)]  # type: ignore[misc]

    def dead(self, keys: QueueKeys, limit: int) -> list[tuple[str, int, bytes, str]]:
        """Up to `limit` dead letters, oldest first: (id, died in us, payload, reason)."""
        reply = self._run("dead", _dead(keys), (limit,))
        return [
            (reply[i].decode(), int(float(reply[i + 1])), reply[i + 2], reply[i + 3].decode())
            for i in range(0, len(reply), 4)
        ]

    def forget_dead(self, keys: QueueKeys, died: Sequence[tuple[str, int]]) -> int:
        """Forget dead letters (id, died in us); how many."""
        flat = [str(part) for pair in died for part in pair]
        return int(self._run("forget_dead", _dead(keys), flat)) if flat else 0

    def look(self, keys: QueueKeys, *, skip: int, limit: int, with_held: bool, now_us: int = 0) -> Sequence[Any]:
        """The raw reply of look.lua; `queued.read_look` reads it."""
        names = (keys.waiting, keys.payloads, keys.held, keys.gates)
        return cast(Sequence[Any], self._run("look", names, (skip, limit, int(with_held), now_us)))

    def open(self, keys: QueueKeys, *, hasten: bool, now_us: int = 0) -> int:
        """Open the gates of a queue now; how many were closed. hasten: whatever waits is due now too."""
        return int(self._run("open", (keys.gates, keys.waiting), (int(hasten), now_us)))

    def cancel(self, keys: QueueKeys, id: str, reason: str, dedup: Dedup | None = None, now_us: int = 0) -> bool:
        """Bury a message that waits; False when it does not."""
        names = (keys.waiting, keys.payloads, keys.crashes, *_dead(keys), *_key(dedup))
        return bool(self._run("cancel", names, (id, reason, now_us)))


def _enqueue_call(placement: Placement, now_us: int) -> tuple[list[str], list[Argument]]:
    keys, dedup = placement.keys, placement.dedup
    names = [keys.waiting, keys.payloads, *_key(dedup)]
    return names, [placement.id, placement.payload, placement.delay_ms * 1000, _ttl_ms(dedup), now_us]


def _dead(keys: QueueKeys) -> tuple[str, str, str]:
    return keys.dead, keys.dead_payloads, keys.dead_reasons


def _key(dedup: Dedup | None) -> tuple[str, ...]:
    return (dedup.key,) if dedup else ()


def _ttl_ms(dedup: Dedup | None) -> int:
    return dedup.ttl_ms if dedup else 0
