"""Messages that cannot be worked on (R8)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dramatiq

from tests.faults.finding import Finding
from tests.faults.queue_fleet import Fleet
from tests.faults.queue_worker import QUEUE

# By id: options of de-duplication that no settlement can work with.
DEDUPS: dict[str, dict[str, object]] = {
    "dedup-0": {"dedup_key": "k", "dedup_ttl_ms": "x"},
    "dedup-1": {"dedup_key": "\ud800", "dedup_ttl_ms": 60_000},
}


def unworkable(folder: Path, *, jobs: int) -> Finding:
    """R8: undecodable bytes, options that cannot be settled, an unknown actor and a wrong version, among good jobs."""
    with Fleet(folder) as fleet:
        keys = fleet.broker.keys(QUEUE)
        raw = {"raw-0": b"\xff\x00", "raw-1": b"[]", "raw-2": b'{"args": [], "options": null}'}
        for id, payload in raw.items():
            fleet.broker.client.hset(keys.payloads, id, payload)
            fleet.broker.client.zadd(keys.waiting, {id: 1})
        for id, options in DEDUPS.items():
            message: dramatiq.Message[Any] = dramatiq.Message(QUEUE, "work", (id, 1), {}, options, message_id=id)
            fleet.enqueue_message(message, None)
        fleet.enqueue("nobody", "unknown")
        fleet.enqueue("refuse", "version")
        names = [fleet.enqueue("work", f"job-{number}", 1) for number in range(jobs)]
        worker = fleet.start()[0]
        fleet.wait_done(names, 30)
        fleet.wait_at_rest(10)
        reasons = {letter.redis_id: letter.reason.partition(":")[0] for letter in fleet.broker.introspection.dead(100)}
        alive = worker.poll() is None
    expected = {**dict.fromkeys([*raw, *DEDUPS], "undecodable"), "unknown": "unknown_actor", "version": "BadJob"}
    return Finding(
        "R8",
        passed=reasons == expected and alive,
        figure=f"dead letters {reasons}, consumer {'alive' if alive else 'dead'}",
        limit=f"dead letters {expected}, consumer alive",
    )
